package recipes

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// checked returns t with its variables replaced, or "" when it breaks the rule.
func (c *chain) checked(r *recipe, t text, what string, must rule, say string) string {
	value, ok := c.replace(r.text, t, false)
	if !ok || t == (text{}) {
		return ""
	}
	if !must.MatchString(value) {
		c.mistake(r, t.at, "%s %q: %s", what, value, say)
		return ""
	}
	return value
}

// required is checked for a key that must be there.
func (c *chain) required(r *recipe, t text, at Position, in, key, what string, must rule, say string) string {
	if t == (text{}) {
		c.mistake(r, at, "%s is missing in %s", key, in)
		return ""
	}
	return c.checked(r, t, what, must, say)
}

// all is checked for a list.
func (c *chain) all(r *recipe, list []text, what string, must rule, say string) []string {
	var values []string
	for _, t := range list {
		values = append(values, c.checked(r, t, what, must, say))
	}
	return values
}

// merged returns below with the pairs given set over it. The rule is for keys.
func (c *chain) merged(r *recipe, below map[string]string, pairs []pair, what string, must rule, say string) map[string]string {
	if len(pairs) == 0 {
		return below
	}
	merged := maps.Clone(below)
	if merged == nil {
		merged = map[string]string{}
	}
	for _, p := range pairs {
		merged[c.checked(r, p.key, what, must, say)] = c.checked(r, p.value, what, anyRule, "")
	}
	return merged
}

// union returns a and b as one sorted list without repetition, nil when empty.
func union(a, b []string) []string {
	both := slices.Concat(a, b)
	slices.Sort(both)
	return slices.Compact(both)
}

// withProtocol makes 80 into 80/tcp.
func withProtocol(ports []string) []string {
	for i, p := range ports {
		if !strings.Contains(p, "/") {
			ports[i] = p + "/tcp"
		}
	}
	return ports
}

// octal reads what modeRule allows, and 0 from what it refused.
func octal(mode string) uint32 {
	n, err := strconv.ParseUint(mode, 8, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
