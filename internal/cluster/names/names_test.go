package names

import (
	"regexp"
	"strings"
	"testing"
)

func TestRules(t *testing.T) {
	t.Parallel()
	for what, tc := range map[string]struct {
		rule       *regexp.Regexp
		good, evil []string
	}{
		"cluster": {Cluster, []string{"a", "0", "lab-2", strings.Repeat("x", 32)}, []string{"", "-a", "a-", "A", "a_b", "../a", "a\n", strings.Repeat("x", 33)}},
		"group":   {Group, []string{"n", "node", "gpu-a4x", strings.Repeat("x", 20)}, []string{"", "n1", "1n", "n-", "N", "n\n", strings.Repeat("x", 21)}},
		"tag":     {Tag, []string{"2.6.1", "_x", strings.Repeat("x", 128)}, []string{"", ".x", "-x", "a b", "a\n", strings.Repeat("x", 129)}},
	} {
		for _, name := range tc.good {
			if !tc.rule.MatchString(name) {
				t.Errorf("no %s may be %q", what, name)
			}
		}
		for _, name := range tc.evil {
			if tc.rule.MatchString(name) {
				t.Errorf("a %s may be %q", what, name)
			}
		}
	}
}
