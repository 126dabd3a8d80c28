package deploy_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
)

// also deploys another cluster.
func (w *world) also(t *testing.T, name string) {
	t.Helper()
	other := w.spec
	other.Name, other.Bind = name, address()
	if _, err := w.o.Deploy(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.o.Clean(context.WithoutCancel(t.Context()), []string{name}) })
}

// One cluster whose OAR answers, one whose does not, and one that is stopped.
func TestStatusAsksOAR(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 2)
	w.spec.Groups[0].Nodes = 1
	w.also(t, "silent")
	w.also(t, "stopped")
	if err := w.o.Stop(t.Context(), "stopped", nil); err != nil {
		t.Fatal(err)
	}
	w.Runs = func(container string, _ []string) (string, int, bool) {
		if strings.HasPrefix(container, "oarcluster_server") {
			return "OAR 2.6.1 (Liberty hope)\nnode1|Alive|7\n", 0, true
		}
		return "", 3, true
	}
	hosts, err := w.o.Status(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range hosts {
		got = append(got, strings.Join(append([]string{h.Cluster, h.Host, h.State, h.OAR, h.Version, h.Error}, h.Jobs...), " "))
	}
	want := []string{
		"oarcluster dns running   ", "oarcluster frontend running   ", "oarcluster node1 running Alive   7", "oarcluster node2 running unknown  ", "oarcluster server running  2.6.1 ",
		"silent dns running   ", "silent frontend running   ", "silent node1 running ?  ", "silent server running   asking OAR: its server (Almighty) does not listen",
		"stopped dns exited   ", "stopped frontend exited   ", "stopped node1 exited ?  ", "stopped server exited   asking OAR: its server is exited",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	frontend, node := hosts[1], hosts[2]
	if frontend.Address != "10.141.0.4" || frontend.Ports["80"] != w.spec.Bind.String()+":48080" || node.Image != repository+"/node:"+tag || node.ImageID != "sha256:node" {
		t.Errorf("got %+v and %+v", frontend, node)
	}
}

func TestStatusOfNothing(t *testing.T) {
	t.Parallel()
	hosts, err := deploy.Options{Engine: newWorld(t).Fake}.Status(t.Context(), nil)
	if hosts == nil || len(hosts) > 0 || err != nil {
		t.Errorf("got %#v, %v: no clusters are null in JSON, want []", hosts, err)
	}
}
