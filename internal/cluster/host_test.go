package cluster_test

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// What must replace a container, and what must not.
func TestConfigChangesWithTheConfiguration(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, host string
		change     func(*cluster.Spec)
		same       bool
	}{
		{"nothing", "server", nil, true},
		{"more nodes keep the server", "server", func(s *cluster.Spec) { s.Groups[0].Nodes = 7 }, true},
		{"more nodes keep the nodes", "node1", func(s *cluster.Spec) { s.Groups[0].Nodes = 7 }, true},
		{"another tag", "node1", func(s *cluster.Spec) { s.Tag = "2.5.9" }, false},
		{"another registry", "node1", func(s *cluster.Spec) { s.Registry = "example.org/oar" }, false},
		{"another volume", "server", func(s *cluster.Spec) { s.Volumes = []cluster.Volume{{Host: "/x", Container: "/x"}} }, false},
		{"dns has no volumes", "dns", func(s *cluster.Spec) { s.Volumes = []cluster.Volume{{Host: "/x", Container: "/x"}} }, true},
		{"read only", "server", func(s *cluster.Spec) { s.Default.ReadOnly = true }, false},
		{"another web port", "frontend", func(s *cluster.Spec) { s.HTTPPort = 8080 }, false},
		{"another web port keeps the server", "server", func(s *cluster.Spec) { s.HTTPPort = 8080 }, true},
		{"another address", "server", func(s *cluster.Spec) { s.Bind = netip.MustParseAddr("0.0.0.0") }, false},
		{"more cores", "node2", func(s *cluster.Spec) { s.Groups[0].Cores = 4 }, true},
		{"a property", "node2", func(s *cluster.Spec) { s.Groups[0].Properties = map[string]string{"a": "b"} }, true},
		{"less memory", "node2", func(s *cluster.Spec) { s.Groups[0].Memory = 1 << 30 }, false},
		{"an image of the group's", "node2", func(s *cluster.Spec) { s.Groups[0].Image = "x:1" }, false},
		{"environment", "node2", func(s *cluster.Spec) { s.Groups[0].Env = []string{"A=B"} }, false},
		{"a volume of the group's", "node2", func(s *cluster.Spec) { s.Groups[0].Volumes = []cluster.Volume{{Host: "/x", Container: "/x"}} }, false},
		{"a volume of the group's keeps the frontend", "frontend", func(s *cluster.Spec) { s.Groups[0].Volumes = []cluster.Volume{{Host: "/x", Container: "/x"}} }, true},
		{"another group", "node2", func(s *cluster.Spec) { s.Groups = append(s.Groups, cluster.Group{Name: "fat", Nodes: 2, Cores: 8}) }, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			config := func(s cluster.Spec) string {
				top, err := s.Layout(empty())
				h, ok := top.Host(tc.host)
				if err != nil || !ok {
					t.Fatal(err, ok)
				}
				return h.Config()
			}
			if same := config(spec(nil)) == config(spec(tc.change)); same != tc.same {
				t.Errorf("same configuration: %t, want %t", same, tc.same)
			}
		})
	}
}

func TestConfigChangesWithTheImage(t *testing.T) {
	t.Parallel()
	top, err := spec(nil).Layout(empty())
	if err != nil {
		t.Fatal(err)
	}
	changed := top.WithImages(map[string]string{"localhost:5000/oarcluster/node:2.6.1": "sha256:new"})
	for i, h := range top.Hosts {
		if differs := h.Config() != changed.Hosts[i].Config(); differs != (h.Role == "node") {
			t.Errorf("%s differs: %t", h.Name, differs)
		}
	}
}

func TestLabelsNameClusterRoleAndConfig(t *testing.T) {
	t.Parallel()
	top, err := spec(nil).Layout(empty())
	h, _ := top.Host("frontend")
	labels := top.Labels(h)
	if err != nil || labels[cluster.LabelName] != "oarcluster" || len(labels) != 4 {
		t.Errorf("got %v, %v", labels, err)
	}
	c := cluster.Container{}.Labelled(labels)
	made, ok := c.Made()
	made.Info = h.Info
	if !ok || c.Role != "frontend" || c.Config != h.Config() || !reflect.DeepEqual(made, h) {
		t.Errorf("got %+v, made %+v of %v", c, made, labels)
	}
	if _, ok := (cluster.Container{Config: "0123456789abcdef"}).Made(); ok {
		t.Error("a hash, as older programs wrote, was read as a host")
	}
}

// OAR's hierarchy wants numbers that are unique in the cluster.
func TestResources(t *testing.T) {
	t.Parallel()
	top, err := spec(func(s *cluster.Spec) { s.Groups[0].Cores = 2 }).Layout(empty())
	want := "node1 0 0 0\nnode1 0 1 1\nnode2 1 2 0\nnode2 1 3 1\n"
	if got := top.Resources(); err != nil || got != want {
		t.Errorf("got %v\n%swant\n%s", err, got, want)
	}
}

func TestImagesAreNamedOnce(t *testing.T) {
	t.Parallel()
	top, err := spec(func(s *cluster.Spec) { s.Groups[0].Nodes = 5 }).Layout(empty())
	if got := len(top.Images()); err != nil || got != 4 {
		t.Errorf("got %d images, %v, want 4", got, err)
	}
}

func TestHostname(t *testing.T) {
	t.Parallel()
	if got := (cluster.Container{Name: "two_node12"}).Hostname("two"); got != "node12" {
		t.Errorf("got %q", got)
	}
}
