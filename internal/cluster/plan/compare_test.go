package plan_test

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/oar"
	"github.com/oarcluster/oarcluster/internal/cluster/plan"
)

var update = flag.Bool("update", false, "rewrite the golden plans")

// wanted is a topology of n nodes, changed by the options.
func wanted(t *testing.T, n int, change ...func(*cluster.Spec)) cluster.Topology {
	t.Helper()
	s := cluster.Spec{Name: cluster.DefaultName, Groups: []cluster.Group{{Name: "node", Nodes: n, Cores: 1}}, Registry: "r/oar", Tag: "1", Bind: netip.MustParseAddr("127.0.0.1")}
	for _, c := range change {
		c(&s)
	}
	top, err := s.Layout(cluster.Observed{Holder: func(netip.AddrPort) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// running is an engine on which the topology runs as it is wanted.
func running(t cluster.Topology) cluster.Observed {
	o := cluster.Observed{Networks: []cluster.Network{{ID: "net-id", Name: t.Name, Subnet: t.Subnet}}, Stores: t.Stores(), Files: t.Files()}
	for _, h := range t.Hosts {
		o.Containers = append(o.Containers, cluster.Container{ID: h.Name + "-id", Name: h.Container, Role: h.Role, Config: h.Config(), State: "running"})
	}
	return o
}

// state puts a host's container into another state.
func state(o cluster.Observed, host, state string) cluster.Observed {
	for i, c := range o.Containers {
		if c.Hostname(cluster.DefaultName) == host {
			o.Containers[i].State = state
		}
	}
	return o
}

// hashed makes the labels tell nothing of a configuration, but that it is another.
func hashed(o cluster.Observed) cluster.Observed {
	for i := range o.Containers {
		o.Containers[i].Config = "0123456789abcdef"
	}
	return o
}

// without drops a host's container.
func without(o cluster.Observed, host string) cluster.Observed {
	o.Containers = slices.DeleteFunc(o.Containers, func(c cluster.Container) bool { return c.Hostname(cluster.DefaultName) == host })
	return o
}

// settings changes what is wanted of OAR.
func settings(change func(*oar.Settings)) func(*cluster.Spec) {
	return func(s *cluster.Spec) {
		s.OAR = &oar.Settings{}
		change(s.OAR)
	}
}

func night(s *oar.Settings) { s.Queues = []oar.Queue{{Name: "night"}} }

func ann(s *oar.Settings) { s.Users = []oar.User{{Name: "ann", UID: 2000}} }

func TestGoldenPlans(t *testing.T) {
	t.Parallel()
	two, three := wanted(t, 2), wanted(t, 3)
	cores := wanted(t, 2, func(s *cluster.Spec) { s.Groups[0].Cores = 2 })
	fat := wanted(t, 1, func(s *cluster.Spec) { s.Groups = append(s.Groups, cluster.Group{Name: "fat", Nodes: 1, Cores: 8}) })
	volume := wanted(t, 1, func(s *cluster.Spec) { s.Volumes = []cluster.Volume{{Host: "/src", Container: "/src"}} })
	port := wanted(t, 1, func(s *cluster.Spec) { s.HTTPPort = 8080 })
	nothing := cluster.Topology{Name: cluster.DefaultName}
	double := running(two)
	double.Networks = append(double.Networks, cluster.Network{ID: "second-id", Name: two.Name})
	for _, tc := range []struct {
		name string
		want cluster.Topology
		have cluster.Observed
	}{
		{"new", two, cluster.Observed{}},
		{"unchanged", two, running(two)},
		{"one-node-more", three, running(two)},
		{"one-node-less", two, running(three)},
		{"more-cores", cores, running(two)},
		{"another-volume", volume, running(wanted(t, 1))},
		{"another-port", port, running(wanted(t, 1))},
		{"made-by-another-version", wanted(t, 1), hashed(running(wanted(t, 1)))},
		{"another-group", fat, running(two)},
		{"another-queue", wanted(t, 2, settings(night)), running(two)},
		{"another-user", wanted(t, 2, settings(ann)), running(two)},
		{"another-user-and-tag", wanted(t, 2, settings(ann), func(s *cluster.Spec) { s.Groups[0].Image = "x:1" }), running(two)},
		{"another-tag", wanted(t, 1, func(s *cluster.Spec) { s.Tag = "2" }), running(wanted(t, 1))},
		{"node-stopped", two, state(running(two), "node2", "exited")},
		{"server-stopped", two, state(running(two), "server", "exited")},
		{"paused", three, state(state(running(two), "node2", "paused"), "server", "paused")},
		{"node-half-made", two, state(running(two), "node1", "created")},
		{"node-gone", two, without(running(two), "node1")},
		{"frontend-gone", two, without(running(two), "frontend")},
		{"only-the-network", two, cluster.Observed{Networks: running(two).Networks}},
		{"double-network", two, double},
		{"clean", nothing, running(two)},
		{"clean-half-made", nothing, state(without(running(two), "frontend"), "node1", "created")},
		{"clean-nothing", nothing, cluster.Observed{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, err := plan.Compare(tc.want, tc.have)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", tc.name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(p.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(file)
			if err != nil || p.String() != string(golden) {
				t.Errorf("got %v\n%swant\n%s", err, p, golden)
			}
			checkOrder(t, p)
		})
	}
}

// checkOrder: a step needs only steps before it, and a host's steps follow each other.
func checkOrder(t *testing.T, p plan.Plan) {
	t.Helper()
	last := map[string]int{}
	for i, s := range p {
		for _, n := range s.Needs {
			if n >= i {
				t.Errorf("step %d needs %d", i+1, n+1)
			}
		}
		if before, ok := last[s.Name]; ok && s.Host != "" && !slices.Contains(s.Needs, before) {
			t.Errorf("step %d on %s does not wait for step %d", i+1, s.Name, before+1)
		}
		last[s.Name] = i
	}
}

func TestForeignNamesAreNeverTouched(t *testing.T) {
	t.Parallel()
	two := wanted(t, 2)
	for _, tc := range []struct {
		foreign string
		want    bool
	}{
		{"container oarcluster_node2", true},
		{"container oarcluster_dns", true},
		{"network oarcluster", true},
		{"volume oarcluster_state", true},
		{"volume oarcluster_data", false},
		{"container oarcluster_node3", false},
		{"container oarcluster", false},
		{"network oarcluster_dns", false},
	} {
		_, err := plan.Compare(two, cluster.Observed{Foreign: []string{tc.foreign}})
		if (err != nil) != tc.want || tc.want && !strings.Contains(err.Error(), tc.foreign+" exists already") {
			t.Errorf("%s: got %v", tc.foreign, err)
		}
		if _, err := plan.Compare(cluster.Topology{Name: two.Name}, cluster.Observed{Foreign: []string{tc.foreign}}); err != nil {
			t.Errorf("clean beside %s: got %v", tc.foreign, err)
		}
	}
}

// Carrying out a plan must lead to a state in which there is nothing to do.
func TestPlansConverge(t *testing.T) {
	t.Parallel()
	sizes := []int{1, 2, 5}
	for _, from := range sizes {
		for _, to := range sizes {
			t.Run(fmt.Sprintf("%d to %d", from, to), func(t *testing.T) {
				t.Parallel()
				want := wanted(t, to)
				have := running(wanted(t, from))
				p, err := plan.Compare(want, have)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range p {
					have = carryOut(want, have, s)
				}
				if again, err := plan.Compare(want, have); err != nil || len(again) != 0 {
					t.Errorf("after the plan: %v\n%s", err, again)
				}
			})
		}
	}
}

// carryOut is what a step does to an engine.
func carryOut(t cluster.Topology, o cluster.Observed, s plan.Step) cluster.Observed {
	switch s.Op {
	case plan.Create:
		h, ok := t.Host(s.Host)
		if !ok {
			return o
		}
		o.Containers = append(o.Containers, cluster.Container{ID: s.Name, Name: s.Name, Role: h.Role, Config: h.Config(), State: "created"})
	case plan.Start:
		return state(o, s.Host, "running")
	case plan.Copy:
		if s.Host == "server" {
			o.Files = t.Files()
		}
	case plan.Remove:
		return without(o, s.Host)
	}
	return o
}

func TestRemovalsWaitForNothingElse(t *testing.T) {
	t.Parallel()
	p, err := plan.Compare(wanted(t, 1), running(wanted(t, 3)))
	if err != nil {
		t.Fatal(err)
	}
	want := "[] -> #1 remove oarcluster_node2: not wanted\n[] -> #2 remove oarcluster_node3: not wanted\n"
	if got := p.Removals().String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	p, err = plan.Compare(cluster.Topology{Name: "oarcluster"}, running(wanted(t, 1)))
	if err != nil || p.Removals().String() != p.String() {
		t.Errorf("clean is all removals: %v\n%s\n%s", err, p, p.Removals())
	}
}

// TestAHastyEngineIsHeldBack: it would take the network from under its containers.
func TestAHastyEngineIsHeldBack(t *testing.T) {
	t.Parallel()
	o := running(wanted(t, 1))
	for hasty, want := range map[bool]string{false: "[] -> #5 remove network oarcluster", true: "[1 2 3 4] -> #5 remove network oarcluster"} {
		o.Hasty = hasty
		if p, err := plan.Compare(cluster.Topology{Name: "oarcluster"}, o); err != nil || !strings.Contains(p.String(), want) {
			t.Errorf("got %v, want %q in\n%s", err, want, p)
		}
	}
}

func TestStartedAreNewAndStoppedHosts(t *testing.T) {
	t.Parallel()
	p, err := plan.Compare(wanted(t, 4), state(running(wanted(t, 2)), "node1", "exited"))
	if err != nil || !slices.Equal(p.Started(), []string{"node1", "node3", "node4"}) {
		t.Errorf("got %v, %v", p.Started(), err)
	}
}

func TestRefreshTellsWhatRuns(t *testing.T) {
	t.Parallel()
	two := wanted(t, 2)
	want := "[] -> #1 copy files to oarcluster_server: refresh\n[1] -> #2 reload oarcluster_server\n" +
		"[2] -> #3 reload oarcluster_frontend: refresh\n[2] -> #4 reload oarcluster_node1: refresh\n[2] -> #5 reload oarcluster_node2: refresh\n"
	var p plan.Plan
	p.Refresh(two, state(running(two), "dns", "exited"))
	if got := p.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
