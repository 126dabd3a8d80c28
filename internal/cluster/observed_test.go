package cluster_test

import (
	"reflect"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// The newest container knows what was asked for the last time: a change of the
// nodes leaves the server as it is.
func TestSpecOfWhatRuns(t *testing.T) {
	t.Parallel()
	first, second := spec(nil), spec(func(s *cluster.Spec) { s.Groups[0].Cores, s.HTTPPort = 4, 8080 })
	var o cluster.Observed
	if _, ok := o.Spec(); ok {
		t.Error("a cluster that is not there has a spec")
	}
	for i, s := range []cluster.Spec{second, first} {
		top, err := s.Layout(empty())
		if err != nil {
			t.Fatal(err)
		}
		c := cluster.Container{Name: top.Hosts[i].Container, Created: int64(2 - i)}.Labelled(top.Labels(top.Hosts[i]))
		o.Containers = append(o.Containers, c)
	}
	if got, ok := o.Spec(); !ok || !reflect.DeepEqual(got, second) {
		t.Errorf("got %+v, want %+v", got, second)
	}
}

// What changed since without a new container: fewer nodes, other cores and
// properties, a group that is gone.
func TestSpecKnowsWhatChangedSince(t *testing.T) {
	t.Parallel()
	asked := grouped(nil)
	now := layout(t, grouped(func(s *cluster.Spec) {
		s.Groups[0] = cluster.Group{Name: "node", Nodes: 1, Cores: 3, Properties: map[string]string{"a": "b=c", "d": "e f"}}
		s.Groups[1].Nodes = 0
	}), empty())
	o := on(now)
	o.Files = now.Files()
	for i := range o.Containers {
		top := layout(t, asked, empty())
		o.Containers[i] = o.Containers[i].Labelled(top.Labels(now.Hosts[i]))
	}
	got, ok := o.Spec()
	asked.Groups[0], asked.Groups[1].Nodes = now.Spec.Groups[0], 0
	if !ok || !reflect.DeepEqual(got, asked) {
		t.Errorf("got  %+v\nwant %+v", got, asked)
	}
}
