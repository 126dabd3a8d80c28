package debian

import (
	"cmp"
	"strings"
)

// CompareVersions returns -1, 0 or +1 as version a is older than, equal to or
// newer than b, by policy 5.6.12 and with the same answers as
// `dpkg --compare-versions`. Any text has its place in the order; an epoch that
// is no number counts as a part of the upstream version.
func CompareVersions(a, b string) int {
	if a == b {
		return 0
	}
	epochA, upstreamA, revisionA := splitVersion(a)
	epochB, upstreamB, revisionB := splitVersion(b)
	return cmp.Or(
		compareDigits(epochA, epochB),
		compareParts(upstreamA, upstreamB),
		compareParts(revisionA, revisionB))
}

// splitVersion splits [epoch:]upstream[-revision].
func splitVersion(v string) (epoch, upstream, revision string) {
	if i := strings.IndexByte(v, ':'); i > 0 && digits(v) == i {
		epoch, v = v[:i], v[i+1:]
	}
	if i := strings.LastIndexByte(v, '-'); i >= 0 {
		return epoch, v[:i], v[i+1:]
	}
	return epoch, v, ""
}

// compareParts compares upstream versions or revisions: stretches of other
// characters and stretches of digits by turns, the first lexically, the second
// by their value.
func compareParts(a, b string) int {
	for a != "" || b != "" {
		nonA, nonB := nondigits(a), nondigits(b)
		if c := compareText(a[:nonA], b[:nonB]); c != 0 {
			return c
		}
		a, b = a[nonA:], b[nonB:]
		numA, numB := digits(a), digits(b)
		if c := compareDigits(a[:numA], b[:numB]); c != 0 {
			return c
		}
		a, b = a[numA:], b[numB:]
	}
	return 0
}

// compareText compares stretches without digits: "~" sorts before the end,
// letters before all else.
func compareText(a, b string) int {
	for i := range max(len(a), len(b)) {
		if c := cmp.Compare(order(a, i), order(b, i)); c != 0 {
			return c
		}
	}
	return 0
}

// order is the weight of the i-th byte of s; the end of s weighs 0.
func order(s string, i int) int {
	if i >= len(s) {
		return 0
	}
	switch c := s[i]; {
	case c == '~':
		return -1
	case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		return int(c)
	default:
		return int(c) + 256
	}
}

// compareDigits compares numbers of any length by their value.
func compareDigits(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// digits is the length of the digits that s starts with.
func digits(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return len(s)
}

// nondigits is the length of what s starts with up to its first digit.
func nondigits(s string) int {
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			return i
		}
	}
	return len(s)
}
