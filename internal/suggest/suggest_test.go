package suggest

import "testing"

func TestFor(t *testing.T) {
	t.Parallel()
	known := []string{"packages", "platforms", "from", "run"}
	for _, tc := range []struct{ word, want string }{
		{"pakages", ` (did you mean "packages"?)`},
		{"form", ` (did you mean "from"?)`},
		{"FROM", ` (did you mean "from"?)`},
		{"platform", ` (did you mean "platforms"?)`},
		{"steps", " (known: from, packages, platforms, run)"},
		{"", " (known: from, packages, platforms, run)"},
	} {
		if got := For(tc.word, known); got != tc.want {
			t.Errorf("%q: got %s, want %s", tc.word, got, tc.want)
		}
	}
	if got := For("x", nil); got != "" {
		t.Errorf("nothing known: got %q", got)
	}
}

func TestEditDistance(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"from", "form", 1}, {"kitten", "sitting", 3}, {"abc", "abc", 0}} {
		if got := editDistance(tc.a, tc.b); got != tc.want {
			t.Errorf("%q, %q: got %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}
