package main

import (
	"context"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

func TestFlattenSortsByClusterAndHost(t *testing.T) {
	t.Parallel()
	found := map[string]cluster.Observed{
		"two": {Containers: []cluster.Container{{Name: "two_server", State: "exited"}}},
		"oarcluster": {Containers: []cluster.Container{
			{Name: "oarcluster_frontend", State: "running", Addr: netip.MustParseAddr("10.141.0.4"), Ports: map[uint16]netip.AddrPort{80: netip.MustParseAddrPort("127.0.0.1:48080")}},
			{Name: "oarcluster_node1", State: "running"},
		}},
	}
	hosts := flatten(found)
	if len(hosts) != 3 || hosts[0].Host != "frontend" || hosts[2].Cluster != "two" || hosts[2].Address != "" {
		t.Fatalf("got %+v", hosts)
	}
	if hosts[0].Address != "10.141.0.4" || hosts[0].Ports["80"] != "127.0.0.1:48080" {
		t.Errorf("got %+v", hosts[0])
	}
	if flatten(nil) == nil {
		t.Error("no clusters are null in JSON, want []")
	}
}

// engineOf answers for the servers of its clusters.
type engineOf map[string]string

func (e engineOf) Exec(_ context.Context, id string, _ []string, stdout, _ io.Writer) (int, error) {
	io.WriteString(stdout, e[id])
	if e[id] == "" {
		return 3, nil
	}
	return 0, nil
}

// One cluster whose OAR answers, one whose does not, and one that is stopped.
func TestAskAddsWhatOARSees(t *testing.T) {
	t.Parallel()
	host := func(cluster, name, role, state string) hostStatus {
		return hostStatus{Cluster: cluster, Host: name, Role: role, State: state, Container: cluster + "_" + name}
	}
	hosts := []hostStatus{
		host("a", "server", "server", "running"), host("a", "node1", "node", "running"), host("a", "node2", "node", "running"),
		host("b", "node1", "node", "running"), host("b", "server", "server", "running"),
		host("c", "node1", "node", "exited"), host("c", "server", "server", "exited"),
	}
	ask(t.Context(), engineOf{"a_server": "OAR 2.6.1 (Liberty hope)\nnode1|Alive|7\n"}, hosts)
	for i, want := range []string{"", "Alive", "unknown", "?", "", "?", ""} {
		if hosts[i].OAR != want {
			t.Errorf("%+v, want %q", hosts[i], want)
		}
	}
	if hosts[0].Version != "2.6.1" || hosts[1].Version+hosts[4].Version != "" || hosts[1].Jobs[0] != "7" || hosts[0].Error != "" || !strings.Contains(hosts[4].Error, "Almighty") || !strings.Contains(hosts[6].Error, "its server is exited") {
		t.Errorf("got %+v", hosts)
	}
}
