package recipes

import (
	"slices"

	"github.com/oarcluster/oarcluster/internal/suggest"
)

// when tells whether a part holds for the chain's suite, and the platforms that
// it is for, nil for all.
func (c *chain) when(p *part, n node) (platforms []string, holds bool) {
	suites := n.Get("suite")
	holds = !suites.Given()
	for _, s := range suites.Entries() {
		name := c.checked(p, s.Text)
		if name != "" && !slices.Contains(suiteNames(), name) {
			c.mistake(p, s.At, "unknown suite %q%s", name, suggest.For(name, suiteNames()))
		}
		holds = holds || name == c.suite.Name
	}
	for _, one := range n.Get("platform").Entries() {
		platforms = append(platforms, normal(c.checked(p, one.Text)))
	}
	return platforms, holds
}

// normal writes a platform without the variant that its architecture implies.
func normal(platform string) string {
	switch platform {
	case "linux/arm64/v8":
		return "linux/arm64"
	case "linux/arm":
		return "linux/arm/v7"
	}
	return platform
}

// For returns the recipe as it is for one platform, such as "linux/amd64": the
// parts with a condition that leaves the platform out are gone.
func (r *Resolved) For(platform string) *Resolved {
	platform = normal(platform)
	without := func(platforms []string) bool {
		return platforms != nil && !slices.Contains(platforms, platform)
	}
	one := *r
	one.Levels = slices.Clone(r.Levels)
	one.Sources = slices.DeleteFunc(slices.Clone(r.Sources), func(s Source) bool { return without(s.platforms) })
	for i, l := range one.Levels {
		l.Packages = slices.DeleteFunc(slices.Clone(l.Packages), func(p Package) bool { return without(p.platforms) })
		l.Files = slices.DeleteFunc(slices.Clone(l.Files), func(f Files) bool { return without(f.platforms) })
		l.Run = slices.DeleteFunc(slices.Clone(l.Run), func(s Step) bool { return without(s.platforms) })
		one.Levels[i] = l
	}
	return &one
}
