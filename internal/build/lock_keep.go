package build

import (
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/platforms"

	"github.com/oarcluster/oarcluster/internal/debian/lock"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// keepOthers takes over the platforms that the lock has so far and that are not
// being locked, as they are, and says so.
func (l lockFile) keepOthers(o Options, known *lock.Lock) error {
	renewed, kept := platformNames(l.Lock), []string{}
	for _, p := range known.Platforms {
		if l.Platform(p.Name) != nil {
			continue
		}
		platform, err := platforms.Parse(p.Name)
		arch, ok := debianArch(platform)
		if err != nil || !ok {
			return ui.Usage(fmt.Errorf("%s: %q is no platform of Debian's", l.file, p.Name), "oarbuild lock without --platform writes it anew")
		}
		l.Add(p, known.ReleasesFor(arch))
		kept = append(kept, p.Name)
	}
	if len(kept) == 0 {
		return nil
	}
	// A lock has one name and one list of sources for all of its platforms.
	if known.Recipe != l.Recipe || !slices.EqualFunc(known.Sources, l.Sources, sameSource) {
		return ui.Usage(fmt.Errorf("%s: %s cannot stay as it is: the recipe has another name or other sources now", l.file, strings.Join(kept, ", ")),
			"oarbuild lock without --platform locks all platforms anew")
	}
	o.say("%s: renewed %s, left %s as it was", l.file, strings.Join(renewed, ", "), strings.Join(kept, ", "))
	return nil
}

// platformNames returns the names of the platforms of a lock, sorted.
func platformNames(l *lock.Lock) []string {
	var names []string
	for _, p := range l.Platforms {
		names = append(names, p.Name)
	}
	return slices.Sorted(slices.Values(names))
}
