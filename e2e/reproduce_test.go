//go:build e2e

package e2e

import (
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"
)

var (
	// matrix is what TestTwoColdBuildsGiveTheSameBytes builds; `make reproduce`
	// asks for all there is.
	matrix = flag.String("matrix", "linux/amd64=base,dnsmasq,frontend,node,server linux/arm64=dnsmasq",
		"`PLATFORMS=IMAGES` to build twice, space-separated")
	suites = flag.String("suites", "trixie", "comma-separated `SUITES` to build twice")
)

// TestTwoColdBuildsGiveTheSameBytes: nothing but the recipes and the archive may
// enter an image. The second build has another clock, time zone, locale, umask,
// host name, number of processors, order of work and mirror than the first, and
// none of its caches.
func TestTwoColdBuildsGiveTheSameBytes(t *testing.T) {
	for suite := range strings.SplitSeq(*suites, ",") {
		t.Run(suite, func(t *testing.T) {
			var digests [2]map[string]string
			builds := [2]*coldBuild{here(t), elsewhere(t, suite)}
			for i, b := range builds {
				for part := range strings.FieldsSeq(*matrix) {
					platforms, images, _ := strings.Cut(part, "=")
					b.run(t, suite, platforms, strings.Split(images, ","))
				}
				b.end(t)
				digests[i] = b.digests(t)
			}
			if len(digests[0]) == 0 || len(digests[0]) != len(digests[1]) {
				t.Errorf("%d digests and %d", len(digests[0]), len(digests[1]))
			}
			for _, what := range slices.Sorted(maps.Keys(digests[0])) {
				a, b := digests[0][what], digests[1][what]
				t.Logf("%-22s %s", what, a)
				switch {
				case a == b:
				case strings.Contains(what, " index "):
					t.Errorf("%s: the other build gives %s", what, b)
				default:
					t.Errorf("%s: the other build gives %s\n%s", what, b, builds[0].differences(t, a, builds[1], b))
				}
			}
		})
	}
}
