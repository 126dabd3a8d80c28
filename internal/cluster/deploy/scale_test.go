package deploy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// Everything but the number of nodes stays as it runs, also what the tag of the
// images means by now.
func TestScaleKeepsTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.spec.Groups[0].Cores, w.spec.HTTPPort = 3, 48099
	w.spec.Volumes = []cluster.Volume{{Host: t.TempDir(), Container: "/src", ReadOnly: true}}
	w.deploy(t, 2)
	ref := repository + "/node:" + tag
	w.Images[ref], w.Registry[ref] = "sha256:newer", "sha256:newer"
	before, _ := w.Observe(t.Context(), "oarcluster")
	for _, nodes := range []int{4, 1, 2} {
		if _, err := w.o.Scale(t.Context(), "oarcluster", map[string]int{"": nodes}); err != nil {
			t.Fatal(err)
		}
		w.expect(t, cluster2(nodes))
		o, _ := w.Observe(t.Context(), "oarcluster")
		for _, c := range o.Containers {
			host := c.Hostname("oarcluster")
			was, existed := before.Host("oarcluster", host)
			if existed && host != "node2" && c.ID != was.ID {
				t.Errorf("with %d nodes %s was replaced", nodes, host)
			}
			made, _ := c.Made()
			if c.Role == "node" && (made.ImageID != "sha256:node" || made.Volumes[0] != w.spec.Volumes[0]) {
				t.Errorf("%s is %+v", host, made)
			}
		}
	}
	if info := w.File("oarcluster_server", "etc/oarcluster/resources"); strings.Count(info, "\n") != 6 {
		t.Errorf("the server knows of\n%s", info)
	}
}

// OAR ends the jobs of nodes before their names and containers go.
func TestScaleDownDrainsFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 3)
	calls := &notes{}
	w.Before = func(call string) error { calls.add(call); return nil }
	if _, err := w.o.Scale(t.Context(), "oarcluster", map[string]int{"node": 1}); err != nil {
		t.Fatal(err)
	}
	if !w.notes.has("node2 node3 out of service") {
		t.Errorf("nobody was told of the drain: %q", w.notes.lines)
	}
	drained := slices.IndexFunc(calls.lines, func(s string) bool { return strings.HasPrefix(s, "exec /usr/lib/oarcluster/oar-end-jobs ") })
	for i, call := range calls.lines {
		if verb, _, _ := strings.Cut(call, " "); i < drained && verb != "lock" || drained < 0 {
			t.Errorf("%s comes before the drain", call)
		}
	}
}

func TestScaleOfWhatCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.o.Scale(t.Context(), "oarcluster", map[string]int{"": 2}); err == nil || !strings.Contains(err.Error(), `cluster "oarcluster": there is none`) {
		t.Errorf("no cluster: %v", err)
	}
	w.expect(t, nil)
	w.deploy(t, 1)
	for n, want := range map[int]string{-1: "number of nodes -1", 5000: "number of nodes 5000", 300: "no room for 300 nodes"} {
		if _, err := w.o.Scale(t.Context(), "oarcluster", map[string]int{"": n}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d nodes: %v", n, err)
		}
	}
	if _, err := w.o.Scale(t.Context(), "oarcluster", map[string]int{"fat": 2}); err == nil || !strings.Contains(err.Error(), `no group "fat"`) {
		t.Errorf("no such group: %v", err)
	}
	if _, err := w.o.Scale(t.Context(), "../x", map[string]int{"": 2}); err == nil || !strings.Contains(err.Error(), "checking cluster name") {
		t.Errorf("no name: %v", err)
	}
	w.expect(t, cluster2(1))
}
