package deploy_test

import (
	"os"
	"strings"
	"testing"
)

func TestPlanChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	delete(w.Images, repository+"/node:"+tag)
	text, err := w.o.Plan(t.Context(), w.spec)
	if err != nil || !strings.HasPrefix(text, "pull "+repository+"/node:1\n[] -> #1 create network") {
		t.Errorf("got %v\n%s", err, text)
	}
	w.expect(t, nil)
	if _, err := os.Stat(w.folder()); err == nil {
		t.Error("a plan made the cluster's folder")
	}
}

// What the other verbs would do is told, and none of it is done.
func TestPlansOfARunningCluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 2)
	w.Images[repository+"/node:"+tag] = "sha256:newer" // scaling takes what runs
	w.Before = func(call string) error { t.Errorf("the engine was asked to %s", call); return nil }
	scale := func(nodes int) func() (string, error) {
		return func() (string, error) { return w.o.PlanScale(t.Context(), "oarcluster", map[string]int{"": nodes}) }
	}
	start := func() (string, error) { return w.o.PlanStart(t.Context(), "oarcluster", nil) }
	restart := func(hosts ...string) func() (string, error) {
		return func() (string, error) { return w.o.PlanRestart(t.Context(), "oarcluster", hosts) }
	}
	stop := func() (string, error) { return w.o.PlanStop(t.Context(), "oarcluster", []string{"node1"}) }
	for name, tc := range map[string]struct {
		plan      func() (string, error)
		has, lack string
	}{
		"more nodes":       {scale(3), "create oarcluster_node3: not there\n", "oarcluster_node2"},
		"fewer nodes":      {scale(1), "remove oarcluster_node2", "oarcluster_node1"},
		"as many nodes":    {scale(2), "nothing to do\n", "#"},
		"stop":             {stop, "#1 stop oarcluster_node1\n", "#2"},
		"start":            {start, "nothing to do\n", "#"},
		"restart":          {restart("node1"), "#1 stop oarcluster_node1\n[] -> #1 start oarcluster_node1\n[1] -> #2 reload oarcluster_server\n", "#3"},
		"a restart of all": {restart(), "-> #5 start oarcluster_", "reload"},
	} {
		text, err := tc.plan()
		if err != nil || !strings.Contains(text, tc.has) || strings.Contains(text, tc.lack) {
			t.Errorf("%s: want %q, not %q: got %v\n%s", name, tc.has, tc.lack, err, text)
		}
	}
	w.expect(t, cluster2(2))
}

// The plan of what cannot be is the error of doing it.
func TestPlansOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, want := range map[string]string{"oarcluster": "there is none", "../x": "checking cluster name"} {
		_, scale := w.o.PlanScale(t.Context(), name, map[string]int{"": 3})
		_, stop := w.o.PlanStop(t.Context(), name, nil)
		_, start := w.o.PlanStart(t.Context(), name, nil)
		_, restart := w.o.PlanRestart(t.Context(), name, nil)
		for _, err := range []error{scale, stop, start, restart} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: got %v, want %q", name, err, want)
			}
		}
	}
}
