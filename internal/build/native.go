package build

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// nativeArch is the architecture of the programs that help to configure packages
// of all others, as Debian calls it. It is not that of the machine that builds:
// equal inputs have one digest wherever they are built, and the machine finds out
// whether it can run them (llb/configure.sh).
const nativeArch = "amd64"

// natives are the packages to take these programs from: interpreters of which
// scripts of Debian are most of the emulated work, and the library to preload.
var natives = []string{preloaded, "perl-base", "python3-minimal"}

// interpreterPackages are the packages of interpreters, and interpreterPaths where
// they have them.
var interpreterPackages = regexp.MustCompile(`^(?:(perl)-base|(python3\.[0-9]+)-minimal)$`)

const interpreterPaths = "/usr/bin/$1$2"

// resolveNative finds the native packages for a target, in Debian's archive alone:
// a further one need not have this architecture, nor is it to put a program into
// the builds of another.
func (a archives) resolveNative(ctx context.Context, t *target) error {
	if t.arch == nativeArch {
		return nil
	}
	groups, err := a.of(t).debian.Resolve(ctx, nativeArch, debian.Request{Groups: [][]string{natives}})
	if err != nil {
		return err
	}
	t.native = groups[0]
	return nil
}

// warnUnaided tells, once, each reason why targets have no native packages. These
// are a help, and the image is the same without: that is no failure.
func (o Options) warnUnaided(reasons []error) {
	told := map[string]bool{}
	for _, err := range reasons {
		if err != nil && !told[err.Error()] {
			told[err.Error()] = true
			o.warn(fmt.Sprintf("packages are configured without interpreters for %s, which takes longer: %v", nativeArch, err))
		}
	}
}

// interpreters returns for each level the paths of the interpreters, installed in
// it or below, of which there is a native one of the same version.
func (t *target) interpreters() [][]string {
	levels := make([][]string, len(t.packages))
	var below []string
	for i, added := range t.packages {
		for _, p := range added {
			same := slices.ContainsFunc(t.native, func(n debian.Package) bool { return n.Name == p.Name && n.Version == p.Version })
			if match := interpreterPackages.FindStringSubmatchIndex(p.Name); same && match != nil {
				below = append(below, string(interpreterPackages.ExpandString(nil, interpreterPaths, p.Name, match)))
			}
		}
		slices.Sort(below)
		levels[i] = slices.Clone(below)
	}
	return levels
}
