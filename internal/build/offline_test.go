package build

import (
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/buildkit"
)

func TestOfflineExcludesOtherMachines(t *testing.T) {
	t.Parallel()
	const away, here = "registry.example.org/oar", "localhost:5000/oar"
	for want, o := range map[string]Options{
		"--offline excludes pushing to " + away:                              {Registry: away, To: buildkit.Registry},
		"--offline excludes comparing with " + away:                          {Registry: away, IfChanged: true},
		"--offline excludes a cache of BuildKit that is not on this machine": {Delivery: Delivery{CacheTo: []string{away}}},
		"--offline excludes a cache of BuildKit that is":                     {Delivery: Delivery{CacheFrom: []string{"type=registry,ref=" + away}}},
		"": {Registry: here, To: buildkit.Registry, IfChanged: true, Delivery: Delivery{CacheFrom: []string{here}, CacheTo: []string{"type=local,dest=x"}}},
	} {
		o.Offline = true
		_, err := o.withDefaults()
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want) || hint(err) == "") {
			t.Errorf("got %v, want %q", err, want)
		}
		if o.Offline = false; want != "" {
			if _, err := o.withDefaults(); err != nil {
				t.Errorf("with a network: %v", err)
			}
		}
	}
}
