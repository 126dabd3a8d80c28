package cluster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// grouped is a cluster of two groups.
func grouped(change func(*cluster.Spec)) cluster.Spec {
	return spec(func(s *cluster.Spec) {
		s.Groups = append(s.Groups, cluster.Group{
			Name: "fat", Nodes: 1, Cores: 2, Memory: 1 << 30, Image: "r/mine:1", Env: []string{"A=B"},
			Volumes: []cluster.Volume{{Host: "/scratch", Container: "/scratch"}}, Properties: map[string]string{"gpu": "YES", "disk": "a b"},
		})
		if change != nil {
			change(s)
		}
	})
}

func layout(t *testing.T, s cluster.Spec, o cluster.Observed) cluster.Topology {
	t.Helper()
	top, err := s.Layout(o)
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// on is an engine on which the topology runs.
func on(top cluster.Topology) cluster.Observed {
	o := empty()
	o.Networks = []cluster.Network{{ID: "n", Name: top.Name, Subnet: top.Subnet}}
	for _, h := range top.Hosts {
		o.Containers = append(o.Containers, cluster.Container{Name: h.Container, Role: h.Role, Addr: h.Addr, State: "running", Volumes: h.Volumes, Ports: h.Ports})
	}
	return o
}

func TestGroupsMakeTheirNodes(t *testing.T) {
	t.Parallel()
	top := layout(t, grouped(nil), empty())
	fat, ok := top.Host("fat1")
	got := fmt.Sprintln(fat.Addr, fat.Image, fat.Memory, fat.Env, fat.Volumes)
	want := "10.141.0.13 r/mine:1 1073741824 [OAR_CLUSTER=oarcluster COLOR=yellow A=B] [/home/u/shared_data:/data /scratch:/scratch]\n"
	if !ok || got != want {
		t.Errorf("got %swant %s", got, want)
	}
	resources := "node1 0 0 0\nnode2 1 1 0\nfat1 2 2 0\tdisk=a b\tgpu=YES\nfat1 2 3 1\tdisk=a b\tgpu=YES\n"
	if got := top.Files()["resources"]; got != resources {
		t.Errorf("got\n%swant\n%s", got, resources)
	}
	if server, _ := top.Host("server"); !slices.Equal(server.Info, []string{"NUM_NODES=3"}) {
		t.Errorf("got %q", server.Info)
	}
}

// A group that grows must not move the nodes of another: they would be made anew.
func TestNodesKeepTheirAddresses(t *testing.T) {
	t.Parallel()
	before := layout(t, grouped(nil), empty())
	after := layout(t, grouped(func(s *cluster.Spec) { s.Groups[0].Nodes = 4 }), on(before))
	var got []string
	for _, h := range after.Nodes() {
		got = append(got, h.Name+" "+h.Addr.String())
	}
	if want := "node1 10.141.0.11,node2 10.141.0.12,node3 10.141.0.14,node4 10.141.0.15,fat1 10.141.0.13"; strings.Join(got, ",") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ","), want)
	}
	// An address is free when its container is gone, not when it is to go.
	swapped := layout(t, grouped(func(s *cluster.Spec) { s.Groups[0].Nodes, s.Groups[1].Nodes = 1, 2 }), on(before))
	if fat, _ := swapped.Host("fat2"); fat.Addr.String() != "10.141.0.14" {
		t.Errorf("fat2 got %s", fat.Addr)
	}
	full := on(layout(t, spec(func(s *cluster.Spec) { s.Groups[0].Nodes = 244 }), empty()))
	if _, err := grouped(func(s *cluster.Spec) { s.Groups[0].Nodes = 200 }).Layout(full); err == nil || !strings.Contains(err.Error(), "no room for 201 nodes") {
		t.Errorf("one more while all addresses are taken: %v", err)
	}
}

func TestWidenedHasAllThatIsThere(t *testing.T) {
	t.Parallel()
	o := on(layout(t, grouped(func(s *cluster.Spec) { s.Groups[0].Nodes = 3 }), empty()))
	o.Containers = append(o.Containers, cluster.Container{Name: "oarcluster_odd", Role: "node"}, cluster.Container{Name: "oarcluster_old007", Role: "node"})
	s := spec(func(s *cluster.Spec) { s.Groups[0].Nodes = 1 })
	var got []string
	for _, h := range layout(t, s.Widened(o), o).Nodes() {
		got = append(got, h.Name)
	}
	if strings.Join(got, " ") != "node1 node2 node3 fat1" {
		t.Errorf("got %q", got)
	}
	if s.Groups[0].Nodes != 1 {
		t.Error("widening changed what is wanted")
	}
}

func TestGroupsAreValidated(t *testing.T) {
	t.Parallel()
	group := func(change func(*cluster.Group)) cluster.Spec {
		return grouped(func(s *cluster.Spec) { change(&s.Groups[1]) })
	}
	for want, s := range map[string]cluster.Spec{
		"":                        grouped(nil),
		`two of name "node"`:      group(func(g *cluster.Group) { g.Name = "node" }),
		`group "a1"`:              group(func(g *cluster.Group) { g.Name = "a1" }),
		`group "server"`:          group(func(g *cluster.Group) { g.Name = "server" }),
		`group ""`:                group(func(g *cluster.Group) { g.Name = "" }),
		"cannot have -1 nodes":    group(func(g *cluster.Group) { g.Nodes = -1 }),
		"number of cores 0":       group(func(g *cluster.Group) { g.Cores = 0 }),
		"5 bytes":                 group(func(g *cluster.Group) { g.Memory = 5 }),
		`image "A"`:               group(func(g *cluster.Group) { g.Image = "A" }),
		`image "a:b:c"`:           group(func(g *cluster.Group) { g.Image = "a:b:c" }),
		"cluster's own keys":      group(func(g *cluster.Group) { g.Volumes[0].Container = "/etc/oarcluster" }),
		`"/x" is mounted twice`:   group(func(g *cluster.Group) { g.Volumes = []cluster.Volume{{Container: "/x"}, {Container: "/x"}} }),
		"number of nodes 0: want": grouped(func(s *cluster.Spec) { s.Groups = nil }),
	} {
		err := s.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	digest := group(func(g *cluster.Group) { g.Image = "r.example/mine@sha256:" + strings.Repeat("0", 64) })
	if err := digest.Validate(); err != nil {
		t.Errorf("an image by its digest: %v", err)
	}
}

// The homes are one volume, filled by one host, unless the user has a folder for them.
func TestHomesAreShared(t *testing.T) {
	t.Parallel()
	home := func(h cluster.Host) string {
		for _, v := range h.Stores {
			if v.Container == "/home" {
				return fmt.Sprint(v.Host, " ", v.ReadOnly, v.Filled)
			}
		}
		return ""
	}
	for host, want := range map[string]string{"dns": "", "server": "oarcluster_home false false", "frontend": "oarcluster_home false true", "node1": "oarcluster_home false false"} {
		if h, _ := layout(t, spec(nil), empty()).Host(host); home(h) != want {
			t.Errorf("%s has %q, want %q", host, home(h), want)
		}
	}
	own := spec(func(s *cluster.Spec) { s.Volumes = []cluster.Volume{{Host: "/h", Container: "/home"}} })
	if h, _ := layout(t, own, empty()).Host("node1"); home(h) != "" {
		t.Errorf("a folder of the user's is hidden by %q", home(h))
	}
}

// A run that fails goes back to what OAR was told, of the hosts that are still there.
func TestFilesGoBack(t *testing.T) {
	t.Parallel()
	top := layout(t, spec(nil), empty())
	top.Was = map[string]string{"resources": "node1 0 0 0\tx=y\nnode2 1 1 0\nnode7 2 2 0\n", "hosts": "none", "users": "u"}
	got := top.Files()
	if got["resources"] != "node1 0 0 0\tx=y\nnode2 1 1 0\n" || got["users"] != "u" || got["hosts"] != top.HostsFile() {
		t.Errorf("got %q", got)
	}
}
