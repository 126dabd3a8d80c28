package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/network"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
)

// answering is an engine that answers every request but the first with the same.
func answering(t *testing.T, status int, body string) *Docker {
	t.Helper()
	return dialed(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/_ping" {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	})
}

// dialed is a Docker whose engine is the handler.
func dialed(t *testing.T, engine http.HandlerFunc) *Docker {
	t.Helper()
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	t.Setenv("DOCKER_HOST", "tcp://"+server.Listener.Addr().String())
	d, err := Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// The hint of a network that stays tells whose containers are on it, and no other's.
func TestWhoKeepsANetwork(t *testing.T) {
	ours := `{"Id": "1", "Names": ["/x_node1"], "State": "removing", "Labels": {"oarcluster.name": "x"}}`
	lab := `{"Id": "2", "Names": ["/lab_node1"], "State": "running", "Labels": {"oarcluster.name": "lab"}}`
	d := answering(t, 200, "["+ours+", "+lab+"]")
	for _, tc := range []struct{ on, want string }{
		{`{"1": {"Name": "x_node1"}}`, `the engine has not removed ["x_node1"] of the cluster: clean again`},
		{`{"1": {"Name": "x_node1"}, "2": {"Name": "lab_node1"}}`, `connected to it, and not the cluster's, is ["lab_node1"]: ` + "`docker network disconnect --force x lab_node1`"},
		{`{"3": {"Name": "web"}}`, `not the cluster's, is ["web"]`},
		{`{}`, "the engine names no container on it"},
	} {
		var n network.Inspect
		if err := json.Unmarshal([]byte(`{"Name": "x", "Labels": {"oarcluster.name": "x"}, "Containers": `+tc.on+`}`), &n); err != nil {
			t.Fatal(err)
		}
		var hinted interface{ Hint() string }
		if err := d.blame(t.Context(), errors.New("busy"), "1", n); !errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), tc.want) {
			t.Errorf("%s: got %v, %v", tc.on, err, hinted)
		}
	}
}

// A subnet is tried again elsewhere only if it was what the engine refused.
func TestWhichRefusalMeansATakenSubnet(t *testing.T) {
	top := cluster.Topology{Name: "x", Subnet: netip.MustParsePrefix("10.141.0.0/24")}
	for _, tc := range []struct {
		words  string
		status int
		taken  bool
	}{
		{"Pool overlaps with other one on this address space", 403, true},
		{"invalid pool request: Pool overlaps with other one on this address space", 403, true},
		{"cannot create network 4ac7 (br-4ac7): conflicts with network 5bd8 (br-5bd8): networks have overlapping IPv4", 403, true},
		{"subnet 10.141.0.0/24 is already used on the host or by another config", 500, true},
		{"network 10.141.0.0/24 is already being used by a cni configuration", 500, true},
		{"network 10.141.0.0/24 is being used by a network interface", 500, true},
		{"operation is not permitted on predefined x network", 403, false},
		{"authorization denied by plugin: no networks for you", 403, false},
		{"network with name x already exists", 409, false},
		{"could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network", 500, false},
	} {
		err := answering(t, tc.status, fmt.Sprintf(`{"message": %q}`, tc.words)).CreateNetwork(t.Context(), top)
		if err == nil || errors.Is(err, apply.ErrSubnetTaken) != tc.taken {
			t.Errorf("%q: got %v", tc.words, err)
		}
	}
}
