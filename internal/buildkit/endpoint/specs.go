package endpoint

import (
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/platforms"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Specs are addresses of builders by the platform that they are for; the one at
// "" is for all platforms that have none of their own.
type Specs map[string]string

// ParseSpecs reads the --builder flags, each [PLATFORM=]ADDRESS. Two for the
// same platform, and what is neither a platform nor an address, are errors of
// usage.
func ParseSpecs(flags []string) (Specs, error) {
	specs := Specs{}
	for _, text := range flags {
		fail := func(err error) (Specs, error) {
			return nil, ui.Usage(fmt.Errorf("reading --builder %q: %w", text, err),
				"write --builder tcp://HOST:PORT, or --builder linux/arm64=ssh://USER@HOST for one platform alone")
		}
		platform, address := "", text
		// An address may have a "=" of its own, behind its scheme.
		if name, rest, ok := strings.Cut(text, "="); ok && !strings.Contains(name, "://") {
			p, err := platforms.Parse(name)
			if err != nil {
				return fail(err)
			}
			platform, address = platforms.Format(platforms.Normalize(p)), rest
		}
		if scheme, rest, ok := strings.Cut(address, "://"); !ok || scheme == "" || rest == "" {
			return fail(errors.New("the address has no scheme"))
		}
		if _, taken := specs[platform]; taken {
			return fail(errors.New("there is one for the same platform already"))
		}
		specs[platform] = address
	}
	return specs, nil
}
