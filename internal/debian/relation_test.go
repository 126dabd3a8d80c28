package debian

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseRelations(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		field string
		want  [][]Relation
	}{
		{"", nil},
		{" \n ", nil},
		{"a", [][]Relation{{{Name: "a"}}}},
		{"a, b", [][]Relation{{{Name: "a"}}, {{Name: "b"}}}},
		{"a,\n b,", [][]Relation{{{Name: "a"}}, {{Name: "b"}}}},
		{"a | b|c", [][]Relation{{{Name: "a"}, {Name: "b"}, {Name: "c"}}}},
		{"libc6 (>= 2.38)", [][]Relation{{{Name: "libc6", Operator: ">=", Version: "2.38"}}}},
		{"libc6(>=2.38)", [][]Relation{{{Name: "libc6", Operator: ">=", Version: "2.38"}}}},
		{"a (<< 1:2-3~)", [][]Relation{{{Name: "a", Operator: "<<", Version: "1:2-3~"}}}},
		{"a (< 1), b (> 2)", [][]Relation{{{Name: "a", Operator: "<=", Version: "1"}}, {{Name: "b", Operator: ">=", Version: "2"}}}},
		{"python3:any (>= 3.9~)", [][]Relation{{{Name: "python3", Qualifier: "any", Operator: ">=", Version: "3.9~"}}}},
		{"gcc-x86-64-linux-gnu:amd64", [][]Relation{{{Name: "gcc-x86-64-linux-gnu", Qualifier: "amd64"}}}},
		{"a [amd64 arm64]", [][]Relation{{{Name: "a", Archs: []string{"amd64", "arm64"}}}}},
		{"a (= 1) [!arm64]", [][]Relation{{{Name: "a", Operator: "=", Version: "1", Archs: []string{"!arm64"}}}}},
		{"g++ | c++-compiler, libstdc++6", [][]Relation{{{Name: "g++"}, {Name: "c++-compiler"}}, {{Name: "libstdc++6"}}}},
	} {
		got, err := ParseRelations(tc.field)
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%q: got %v, %v; want %v", tc.field, got, err, tc.want)
		}
	}
}

func TestParseRelationsRefuses(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]string{
		"a, , b":         "nothing between two commas",
		", a":            "nothing between two commas",
		"a | ":           `"" is not a package name`,
		"A":              `"A" is not a package name`,
		"a b":            `unexpected "b"`,
		"a (1)":          `"" is not a version operator`,
		"a (== 1)":       `"==" is not a version operator`,
		"a (>=)":         `"" is not a version`,
		"a (>= 1 2)":     `"1 2" is not a version`,
		"a (>= 1":        `unexpected "(>= 1"`,
		"a:":             `"" is not an architecture`,
		"a:b_c":          `"b_c" is not an architecture`,
		"a []":           "empty architecture list",
		"a [!i386 arm]":  "is not a list of architectures",
		"a <!nocheck>":   `unexpected "<!nocheck>"`,
		"a (= 1) (= 2)":  `unexpected "(= 2)"`,
		"${misc:Depend}": "is not a package name",
	} {
		if got, err := ParseRelations(field); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v; want an error with %q", field, got, err, want)
		}
	}
}

func TestRelationHoldsFor(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ relation, yes, no string }{
		{"a", "1", ""},
		{"a (<< 2)", "1 2~ 2~rc1", "2 2-1 3"},
		{"a (<= 2)", "1 2 2-0", "2-1 2.0.1"},
		{"a (= 2)", "2 0:2", "2-1 1:2"},
		{"a (>= 2)", "2 2-1 1:0", "2~ 1"},
		{"a (>> 2)", "2-1 2a", "2 2~"},
	} {
		r, err := ParseRelations(tc.relation)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range strings.Fields(tc.yes) {
			if !r[0][0].holdsFor(v) {
				t.Errorf("%s does not hold for %s", tc.relation, v)
			}
		}
		for _, v := range strings.Fields(tc.no) {
			if r[0][0].holdsFor(v) {
				t.Errorf("%s holds for %s", tc.relation, v)
			}
		}
	}
}

func TestRelationAppliesTo(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		archs        []string
		amd64, arm64 bool
	}{{nil, true, true}, {[]string{"amd64"}, true, false}, {[]string{"!amd64"}, false, true}, {[]string{"!i386", "!arm64"}, true, false}} {
		r := Relation{Name: "a", Archs: tc.archs}
		if r.appliesTo("amd64") != tc.amd64 || r.appliesTo("arm64") != tc.arm64 {
			t.Errorf("%s: got %v and %v", r, r.appliesTo("amd64"), r.appliesTo("arm64"))
		}
	}
}

func FuzzParseRelations(f *testing.F) {
	for _, seed := range []string{"a, b | c (>= 1) [amd64], d:any", "a,", "a [!x]", "a (= 1", "a:b:c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, field string) {
		relations, err := ParseRelations(field)
		if err != nil {
			return
		}
		var groups []string
		for _, alternatives := range relations {
			var texts []string
			for _, r := range alternatives {
				texts = append(texts, r.String())
			}
			groups = append(groups, strings.Join(texts, " | "))
		}
		again, err := ParseRelations(strings.Join(groups, ", "))
		if err != nil || !reflect.DeepEqual(relations, again) {
			t.Errorf("%q: read %v, wrote and read again %v, %v", field, relations, again, err)
		}
	})
}
