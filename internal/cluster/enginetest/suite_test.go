package enginetest_test

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/cluster/enginetest"
	"github.com/oarcluster/oarcluster/internal/cluster/logs"
)

func TestFakePassesTheSuite(t *testing.T) {
	t.Parallel()
	enginetest.Suite(t, enginetest.New("r", "1"), "r", "1")
}

// The engine's own client cannot tell the fake from a Docker Engine.
func TestServedFakePassesTheSuite(t *testing.T) {
	t.Setenv("DOCKER_HOST", enginetest.New("r", "1").Serve(t, func(http.ResponseWriter, *http.Request) bool { return false }))
	d, err := engine.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	enginetest.Suite(t, d, "r", "1")
}

func TestFakeNamesNoClusterThatIsNone(t *testing.T) {
	t.Parallel()
	fake := enginetest.New("r", "1")
	fake.AddForeign("x")
	for _, name := range []string{"x/../../victim", "good"} {
		if err := fake.CreateNetwork(t.Context(), cluster.Topology{Name: name, Subnet: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(len(name))}), 24)}); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := fake.Clusters(t.Context()); err != nil || !slices.Equal(names, []string{"good"}) {
		t.Errorf("got %q, %v", names, err)
	}
}

func TestFakeKeepsTheEndOfALog(t *testing.T) {
	t.Parallel()
	fake := enginetest.New("r", "1")
	fake.AddForeign("x")
	var text strings.Builder
	if err := fake.Logs(t.Context(), "x", logs.Part{Tail: 5}, &text, &text); err != nil || text.Len() != 0 {
		t.Errorf("got %q, %v", text.String(), err)
	}
}
