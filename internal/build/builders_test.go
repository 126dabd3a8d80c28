package build

import (
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/oarcluster/oarcluster/internal/buildkit"
)

// TestALoopbackIsEachMachinesOwn: what a builder elsewhere pushes to localhost
// would be lost, so it is refused before anything is done.
func TestALoopbackIsEachMachinesOwn(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		builder, registry string
		to                buildkit.Destination
		want              string
	}{
		{"ssh://me@pi", "localhost:5000/oar", buildkit.Registry, "the builder at ssh://me@pi"},
		{"linux/arm64=tcp://pi:1234", "127.0.0.1:5000/oar", buildkit.Registry, "the builder at tcp://pi:1234"},
		{"tcp://pi:1234", "registry.example/oar", buildkit.Registry, ""},
		{"tcp://pi:1234", "localhost:5000/oar", buildkit.Engine, ""},
		{"tcp://localhost:1234", "localhost:5000/oar", buildkit.Registry, ""},
		{"tcp://[::1]:1234", "localhost:5000/oar", buildkit.Registry, ""},
		{"unix:///run/b.sock", "localhost:5000/oar", buildkit.Registry, ""},
		{"b.sock", "localhost:5000/oar", buildkit.Registry, "no scheme"},
	} {
		_, err := Options{Builders: []string{tc.builder}, Registry: tc.registry, To: tc.to}.withDefaults()
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s to %s: got %v, want %q", tc.builder, tc.registry, err, tc.want)
		}
	}
}

// TestALoopbackIsEachMachinesOwnByTheEnvironment: BUILDKIT_HOST is no way around.
func TestALoopbackIsEachMachinesOwnByTheEnvironment(t *testing.T) {
	t.Setenv("BUILDKIT_HOST", "tcp://192.0.2.1:1234")
	o := Options{Registry: "localhost:5000/oar", To: buildkit.Registry, Err: t.Output()}
	_, err := connect(t.Context(), o, []*target{{platform: ocispec.Platform{OS: "linux", Architecture: "amd64"}}})
	if err == nil || !strings.Contains(err.Error(), "the builder at tcp://192.0.2.1:1234: that is another machine") {
		t.Errorf("got %v", err)
	}
}
