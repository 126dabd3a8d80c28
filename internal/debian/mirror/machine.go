package mirror

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
)

// FromMachine returns the Source that the machine's own apt uses, when the
// machine runs Debian: the URLs of the archives, for any suite, apt's proxies,
// and AllowStale when apt's configuration turns the check of dates off. The security archive
// is that of Default where apt has none.
func FromMachine(ctx context.Context) (Source, bool) {
	config, err := exec.CommandContext(ctx, "apt-config", "dump").Output()
	if err != nil {
		config = nil // then apt's defaults hold
	}
	return fromApt(os.DirFS("/"), string(config))
}

// fromApt does what FromMachine says, from the machine's files and what
// `apt-config dump` prints.
func fromApt(root fs.FS, config string) (Source, bool) {
	release, err := fs.ReadFile(root, "etc/os-release")
	if err != nil || !slices.Contains(strings.Split(string(release), "\n"), "ID=debian") {
		return Source{}, false
	}
	var entries []entry
	for _, pattern := range []string{"etc/apt/sources.list", "etc/apt/sources.list.d/*.list", "etc/apt/sources.list.d/*.sources"} {
		names, _ := fs.Glob(root, pattern)
		for _, name := range names {
			text, err := fs.ReadFile(root, name)
			if err != nil {
				continue
			}
			if path.Ext(name) == ".sources" {
				entries = append(entries, parseSources(string(text))...)
			} else {
				entries = append(entries, parseList(string(text))...)
			}
		}
	}
	// What is signed by Debian's own keys goes before what does not say.
	slices.SortStableFunc(entries, func(a, b entry) int { return b.trust() - a.trust() })
	source := Source{AllowStale: datesUnchecked(config), Proxies: proxiesOf(config)}
	for _, e := range entries {
		switch {
		case !e.isDebian():
		case e.isSecurity():
			source.Security = cmp.Or(source.Security, e.uri)
		default:
			source.Debian = cmp.Or(source.Debian, e.uri)
		}
	}
	source.Security = cmp.Or(source.Security, At(Default).Security)
	return source, source.Debian != ""
}

// datesUnchecked reads apt.conf(5)'s Acquire::Check-Valid-Until and Check-Date.
func datesUnchecked(config string) bool {
	return regexp.MustCompile(`(?mi)^Acquire::Check-(Valid-Until|Date) "(0|no|false|without|off|disable)";$`).MatchString(config)
}
