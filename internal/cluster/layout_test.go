package cluster_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// table writes what a user would look for in a topology.
func table(t cluster.Topology) string {
	var b strings.Builder
	fmt.Fprintln(&b, t.Name, t.Subnet)
	for _, h := range t.Hosts {
		fmt.Fprintln(&b, h.Name, h.Container, h.Addr, h.Image, h.Env, h.Info, h.Caps, h.Volumes, h.Ports, h.DNS.IsValid(), h.Cmd)
	}
	return b.String()
}

func TestLayoutOfANewCluster(t *testing.T) {
	t.Parallel()
	top, err := spec(nil).Layout(empty())
	want := `oarcluster 10.141.0.0/24
dns oarcluster_dns 10.141.0.2 localhost:5000/oarcluster/dnsmasq:2.6.1 [OAR_CLUSTER=oarcluster] [] [] [] map[] false []
server oarcluster_server 10.141.0.3 localhost:5000/oarcluster/server:2.6.1 [OAR_CLUSTER=oarcluster COLOR=red] [NUM_NODES=2] [] [/home/u/shared_data:/data] map[22:127.0.0.1:49217] true [/sbin/my_init /sbin/taillogs]
frontend oarcluster_frontend 10.141.0.4 localhost:5000/oarcluster/frontend:2.6.1 [OAR_CLUSTER=oarcluster COLOR=blue] [NUM_NODES=2] [] [/home/u/shared_data:/data] map[22:127.0.0.1:49218 80:127.0.0.1:48080] true [/sbin/my_init /sbin/taillogs]
node1 oarcluster_node1 10.141.0.11 localhost:5000/oarcluster/node:2.6.1 [OAR_CLUSTER=oarcluster COLOR=yellow] [] [SYS_NICE] [/home/u/shared_data:/data] map[] true [/sbin/my_init /sbin/taillogs]
node2 oarcluster_node2 10.141.0.12 localhost:5000/oarcluster/node:2.6.1 [OAR_CLUSTER=oarcluster COLOR=yellow] [] [SYS_NICE] [/home/u/shared_data:/data] map[] true [/sbin/my_init /sbin/taillogs]
`
	if got := table(top); err != nil || got != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, got, want)
	}
	if got := top.HostsFile(); !strings.HasPrefix(got, "10.141.0.2 dns\n") || !strings.HasSuffix(got, "10.141.0.12 node2\n") {
		t.Errorf("hosts file:\n%s", got)
	}
}

func TestLayoutChoosesFreePorts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, web, err string
		change         func(*cluster.Spec)
		taken          []string
	}{
		{"the default cluster insists on its ports", "", "publishing port 127.0.0.1:48080", nil, []string{"127.0.0.1:48080"}},
		{"the default cluster insists on ssh too", "", "publishing port 127.0.0.1:49217", nil, []string{"127.0.0.1:49217"}},
		{"a port that is asked for", "127.0.0.1:8080", "", func(s *cluster.Spec) { s.HTTPPort = 8080 }, []string{"127.0.0.1:48080"}},
		{"another cluster takes the next", "127.0.0.1:48100", "", func(s *cluster.Spec) { s.Name = "two" }, []string{"127.0.0.1:48080", "127.0.0.1:48090"}},
		{"another cluster leaves the default one's", "127.0.0.1:48090", "", func(s *cluster.Spec) { s.Name = "two" }, nil},
		{"but not when one is asked for", "", "127.0.0.1:8080", func(s *cluster.Spec) { s.Name, s.HTTPPort = "two", 8080 }, []string{"127.0.0.1:8080"}},
		{"another address", "10.0.0.1:48080", "", func(s *cluster.Spec) { s.Bind = netip.MustParseAddr("10.0.0.1") }, []string{"127.0.0.1:48080"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			top, err := spec(tc.change).Layout(empty(tc.taken...))
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v, want %q", err, tc.err)
				}
				return
			}
			frontend, _ := top.Host("frontend")
			if err != nil || frontend.Ports[80].String() != tc.web {
				t.Errorf("got %v, %v, want %s", frontend.Ports, err, tc.web)
			}
		})
	}
}

// Clusters that are laid out at once have different subnets in the end, for the
// engine sees to that: then their ports differ, too.
func TestLayoutOfOtherSubnetsHasOtherPorts(t *testing.T) {
	t.Parallel()
	ports := map[netip.AddrPort]netip.Prefix{}
	for _, pool := range []string{"10.141.0.0", "172.16.0.0", "10.213.0.0", "192.168.128.0"} {
		first := netip.MustParseAddr(pool).As4()
		for third := int(first[2]); third < 256; third++ {
			o := empty()
			subnet := netip.PrefixFrom(netip.AddrFrom4([4]byte{first[0], first[1], byte(third), 0}), 24)
			o.Networks = []cluster.Network{{Name: "two", Subnet: subnet}}
			top, err := spec(func(s *cluster.Spec) { s.Name = "two" }).Layout(o)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range top.Hosts {
				for _, at := range h.Ports {
					if other, taken := ports[at]; taken {
						t.Fatalf("%s is of %s and %s", at, other, subnet)
					}
					ports[at] = subnet
				}
			}
		}
	}
	if len(ports) != 3*(3*256+128) {
		t.Errorf("%d ports", len(ports))
	}
}

func TestLayoutKeepsWhatRuns(t *testing.T) {
	t.Parallel()
	o := empty("127.0.0.1:48080")
	o.Networks = []cluster.Network{{ID: "n", Name: "two", Subnet: netip.MustParsePrefix("10.9.8.0/24")}}
	volume := cluster.Volume{Host: "/elsewhere", Container: "/data", ReadOnly: true}
	made := cluster.Host{Ports: map[uint16]netip.AddrPort{80: netip.MustParseAddrPort("127.0.0.1:50000")}}
	o.Containers = []cluster.Container{{Name: "two_frontend", State: "running", Volumes: []cluster.Volume{volume}, Config: made.Config()}}
	top, err := spec(func(s *cluster.Spec) { s.Name = "two" }).Layout(o)
	frontend, _ := top.Host("frontend")
	if err != nil || frontend.Ports[80].Port() != 50000 || frontend.Volumes[0] != volume || frontend.Addr.String() != "10.9.8.4" {
		t.Errorf("got %v, %+v", err, frontend)
	}
	given := cluster.Volume{Host: "/given", Container: "/g"}
	top, err = spec(func(s *cluster.Spec) { s.Name, s.Volumes = "two", []cluster.Volume{given} }).Layout(o)
	if frontend, _ = top.Host("frontend"); err != nil || frontend.Volumes[0] != given {
		t.Errorf("a volume that is given is not taken: %v, %+v", err, frontend.Volumes)
	}
	if _, err = spec(func(s *cluster.Spec) { s.Name, s.Groups[0].Nodes = "two", 300 }).Layout(o); err == nil || !strings.Contains(err.Error(), "no room for 300 nodes") {
		t.Errorf("300 nodes in a /24: got %v", err)
	}
}

func TestLayoutChoosesAFreeSubnet(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		nodes int
		taken []string
		want  string // "": an error
	}{
		{"first", 1, nil, "10.141.0.0/24"},
		{"next to another cluster", 1, []string{"10.141.0.0/24"}, "10.141.1.0/24"},
		{"out of a VPN's way", 1, []string{"10.0.0.0/8"}, "172.16.0.0/24"},
		{"inside of a larger one", 1, []string{"10.0.0.0/8", "172.16.0.0/12"}, "192.168.128.0/24"},
		{"the most of a /24", 244, nil, "10.141.0.0/24"},
		{"more than a /24", 245, nil, "10.141.0.0/23"},
		{"larger, aligned, past a small one", 300, []string{"10.141.1.0/24"}, "10.141.2.0/23"},
		{"the most there is", 1012, nil, "10.141.0.0/22"},
		{"nothing free", 1, []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := empty()
			for _, p := range tc.taken {
				o.Taken = append(o.Taken, netip.MustParsePrefix(p))
			}
			top, err := spec(func(s *cluster.Spec) { s.Groups[0].Nodes = tc.nodes }).Layout(o)
			if (err != nil) != (tc.want == "") || err == nil && top.Subnet.String() != tc.want {
				t.Fatalf("got %s, %v, want %q", top.Subnet, err, tc.want)
			}
			for _, h := range top.Hosts {
				if !top.Subnet.Contains(h.Addr) {
					t.Errorf("%s has %s, outside of %s", h.Name, h.Addr, top.Subnet)
				}
			}
		})
	}
}

// A cluster that was stopped takes its ports again, unless somebody else has them by
// now.
func TestLayoutKeepsThePortsOfWhatIsStopped(t *testing.T) {
	t.Parallel()
	made := cluster.Host{Ports: map[uint16]netip.AddrPort{80: netip.MustParseAddrPort("127.0.0.1:50000")}}
	for _, tc := range []struct {
		taken []string
		want  uint16
	}{{nil, 50000}, {[]string{"127.0.0.1:50000"}, 48090}} {
		o := empty(tc.taken...)
		o.Containers = []cluster.Container{{Name: "two_frontend", State: "exited", Config: made.Config()}}
		top, err := spec(func(s *cluster.Spec) { s.Name = "two" }).Layout(o)
		if frontend, _ := top.Host("frontend"); err != nil || frontend.Ports[80].Port() != tc.want {
			t.Errorf("with %q taken: got %v, %v", tc.taken, frontend.Ports, err)
		}
	}
}

// The loopback of another machine is reached over ssh, and not otherwise.
func TestLayoutOnAnotherMachine(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		machine, bind string
		good          bool
	}{
		{"ssh://box", "127.0.0.1", true},
		{"tcp://box", "127.0.0.1", false},
		{"tcp://box", "0.0.0.0", true},
		{"tcp://box", "192.0.2.7", true},
	} {
		o := empty()
		o.Machine = tc.machine
		top, err := spec(func(s *cluster.Spec) { s.Bind, s.Default = netip.MustParseAddr(tc.bind), cluster.Volume{} }).Layout(o)
		if (err == nil) != tc.good || err != nil && !strings.Contains(err.Error(), "nobody here could reach 127.0.0.1 of the engine's machine tcp://box") {
			t.Errorf("%s on %s: got %v", tc.machine, tc.bind, err)
		}
		if top.Machine != tc.machine {
			t.Errorf("%s on %s: it is on %q", tc.machine, tc.bind, top.Machine)
		}
		for _, h := range top.Hosts {
			if len(h.Volumes) > 0 {
				t.Errorf("%s on %s: %s has %v", tc.machine, tc.bind, h.Name, h.Volumes)
			}
		}
	}
}

// Of two ports of one cluster on one number the engine would start one.
func TestLayoutGivesEachPortOnce(t *testing.T) {
	t.Parallel()
	for name, port := range map[string]uint16{"oarcluster": 49218, "two": 49227} {
		_, err := spec(func(s *cluster.Spec) { s.Name, s.HTTPPort = name, port }).Layout(empty())
		if err == nil || !strings.Contains(err.Error(), "it is taken by the cluster's own ssh") {
			t.Errorf("%s with %d: %v", name, port, err)
		}
	}
}
