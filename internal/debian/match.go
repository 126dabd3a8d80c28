package debian

import (
	"slices"
)

// appliesTo tells whether the relation counts on the architecture.
func (r Relation) appliesTo(arch string) bool {
	if r.Archs == nil {
		return true
	}
	if r.Archs[0][0] == '!' {
		return !slices.Contains(r.Archs, "!"+arch)
	}
	return slices.Contains(r.Archs, arch)
}

// holdsFor tells whether the version is one that the relation wants.
func (r Relation) holdsFor(version string) bool {
	c := 0
	if r.Operator != "" {
		c = CompareVersions(version, r.Version)
	}
	switch r.Operator {
	case "<<":
		return c < 0
	case "<=":
		return c <= 0
	case "=":
		return c == 0
	case ">=":
		return c >= 0
	case ">>":
		return c > 0
	}
	return true
}
