package engine

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// Labels come with images; only what has the name that its labels tell is a host.
func TestWhoIsAHost(t *testing.T) {
	t.Parallel()
	labels := cluster.Topology{Name: "two"}.Labels(cluster.Host{Name: "node1", Role: "node", Container: "two_node1"})
	older := map[string]string{cluster.LabelName: "two"}
	for _, tc := range []struct {
		what   string
		labels map[string]string
		names  []string
		host   bool
	}{
		{"a host", labels, []string{"/two_node1"}, true},
		{"a host that another links to", labels, []string{"/other/alias", "/two_node1"}, true},
		{"a host that is about to go", labels, nil, true},
		{"a copy of a host", labels, []string{"/brave_hopper"}, false},
		{"a copy of a host, in the cluster's way of names", labels, []string{"/two_snapshot"}, false},
		{"a host of an older version", older, []string{"/two_node1"}, true},
		{"a copy of that", older, []string{"/brave_hopper"}, false},
		{"a stranger", nil, []string{"/two_node1"}, false},
		{"an image that claims to be of another cluster", cluster.Topology{Name: "one"}.Labels(cluster.Host{Container: "two_node1"}), []string{"/two_node1"}, false},
	} {
		port := container.PortSummary{IP: netip.MustParseAddr("127.0.0.1"), PrivatePort: 80, PublicPort: 48080, Type: "tcp"}
		all := []container.Summary{{ID: "id", Names: tc.names, Labels: tc.labels, Ports: []container.PortSummary{port}}}
		var o cluster.Observed
		seeContainers(&o, all, "two")
		foreign := slices.ContainsFunc(tc.names, func(n string) bool { return slices.Contains(o.Foreign, "container "+n[1:]) })
		holder := published(all, "two")[netip.MustParseAddrPort("127.0.0.1:48080")]
		if (len(o.Containers) == 1) != tc.host || foreign == tc.host && tc.names != nil || (holder == "") != tc.host {
			t.Errorf("%s: got %+v, foreign %q, its port is held by %q", tc.what, o.Containers, o.Foreign, holder)
		}
	}
}

// Of a container that does not run Podman tells ports, which nobody has, and no address.
func TestAStoppedContainerOfPodmans(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr("10.141.0.11")
	labels := cluster.Topology{Name: "two"}.Labels(cluster.Host{Name: "node1", Role: "node", Container: "two_node1", Addr: addr})
	all := []container.Summary{{
		ID: "id", Names: []string{"/two_node1"}, Labels: labels, State: container.StateExited,
		Ports:           []container.PortSummary{{IP: netip.MustParseAddr("127.0.0.1"), PrivatePort: 80, PublicPort: 48080, Type: "tcp"}},
		NetworkSettings: &container.NetworkSettingsSummary{Networks: map[string]*network.EndpointSettings{"two": {}}},
	}}
	var o cluster.Observed
	seeContainers(&o, all, "two")
	if c := o.Containers[0]; c.Addr != addr || c.Ports != nil || len(published(all, "one")) > 0 {
		t.Errorf("got %+v, and ports %v", c, published(all, "one"))
	}
}
