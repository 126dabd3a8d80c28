package main

import (
	"net/netip"
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
