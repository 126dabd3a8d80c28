package recipes

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// checked returns t with its variables replaced, or "" when it is not given or
// breaks its rule.
func (c *chain) checked(p *part, t text) string {
	if t.Rule == nil {
		return ""
	}
	value, ok := c.replace(p.text, t, t.Rule.Script)
	if !ok {
		return ""
	}
	if !t.Rule.Allows(value) {
		c.mistake(p, t.At, "%s %q: %s", t.Rule.What, value, t.Rule.Say)
		return ""
	}
	return value
}

// all is checked for a list.
func (c *chain) all(p *part, list []node) []string {
	var values []string
	for _, n := range list {
		values = append(values, c.checked(p, n.Text))
	}
	return values
}

// merged returns below with the pairs given set over it.
func (c *chain) merged(p *part, below map[string]string, pairs []pair) map[string]string {
	if len(pairs) == 0 {
		return below
	}
	merged := maps.Clone(below)
	if merged == nil {
		merged = map[string]string{}
	}
	for _, one := range pairs {
		merged[c.checked(p, one.Key)] = c.checked(p, one.Value.Text)
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

// octal reads what the rule of modes allows, and 0 from what it refused.
func octal(mode string) uint32 {
	n, err := strconv.ParseUint(mode, 8, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
