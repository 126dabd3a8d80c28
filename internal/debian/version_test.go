package debian

import (
	"fmt"
	"math/rand"
	"os/exec"
	"strings"
	"testing"
)

// ordered are versions from old to new, after the examples of policy 5.6.12
// and what was seen in the archive.
var ordered = strings.Fields(`0~~ 0~~a 0~ 0 0a 0+ 0.1~rc1 0.1 0.1-0.1 0.1-1~bpo12+1 0.1-1 0.1-1+b1 0.1-1.1 0.2 0.10
	1.0~beta1~svc1245 1.0~beta1 1.0 1.0-1 1.0a 1.0b 1.0+dfsg 1.0+git2 1.0+git10 1.0.1 9 10 20250101 1:0 1:0.5-1 2:0 10:0`)

func TestCompareVersionsOrders(t *testing.T) {
	t.Parallel()
	for i, a := range ordered {
		for j, b := range ordered {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := CompareVersions(a, b); got != want {
				t.Errorf("CompareVersions(%q, %q) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestCompareVersionsFindsEqualOnes(t *testing.T) {
	t.Parallel()
	for _, tc := range [][2]string{{"1.0", "1.0"}, {"1.0", "0:1.0"}, {"1.0", "1.0-0"}, {"01.002", "1.2"}, {"1.0-1", "1.0-01"}, {"00:1", "1"}, {"1.", "1.0"}} {
		if got := CompareVersions(tc[0], tc[1]); got != 0 {
			t.Errorf("CompareVersions(%q, %q) = %d, want 0", tc[0], tc[1], got)
		}
	}
}

// TestCompareVersionsAsDpkgDoes lets dpkg judge pairs of generated versions.
func TestCompareVersionsAsDpkgDoes(t *testing.T) {
	t.Parallel()
	dpkg, err := exec.LookPath("dpkg")
	if err != nil {
		t.Skip("no dpkg on this machine")
	}
	random := rand.New(rand.NewSource(1))
	var versions []string
	for range 400 {
		versions = append(versions, randomVersion(random))
	}
	versions = append(versions, ordered...)
	var script strings.Builder
	var pairs [][2]string
	for i := range 2000 {
		a, b := versions[random.Intn(len(versions))], versions[random.Intn(len(versions))]
		if i%3 == 0 {
			b = mutate(random, a)
		}
		pairs = append(pairs, [2]string{a, b})
		fmt.Fprintf(&script, "%[1]s --compare-versions '%[2]s' lt '%[3]s' && echo -1 || { %[1]s --compare-versions '%[2]s' gt '%[3]s' && echo 1 || echo 0; }\n", dpkg, a, b)
	}
	command := exec.CommandContext(t.Context(), "sh")
	command.Stdin = strings.NewReader(script.String())
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.Fields(string(out))
	if len(answers) != len(pairs) {
		t.Fatalf("%d answers to %d pairs", len(answers), len(pairs))
	}
	for i, pair := range pairs {
		if got := fmt.Sprint(CompareVersions(pair[0], pair[1])); got != answers[i] {
			t.Errorf("CompareVersions(%q, %q) = %s, dpkg says %s", pair[0], pair[1], got, answers[i])
		}
	}
}

// randomVersion makes a version that dpkg takes: it starts with a digit.
func randomVersion(random *rand.Rand) string {
	version := ""
	if random.Intn(4) == 0 {
		version = fmt.Sprintf("%d:", random.Intn(3))
	}
	version += fmt.Sprint(random.Intn(12))
	for range random.Intn(8) {
		version += string("0019.+~azZ-"[random.Intn(11)])
	}
	if strings.HasSuffix(version, "-") {
		version += "1"
	}
	return version
}

// mutate changes little of a version.
func mutate(random *rand.Rand, version string) string {
	return version + []string{"0", "~", "+b1", "-1", "a", ".0", "~~"}[random.Intn(7)]
}

func FuzzCompareVersions(f *testing.F) {
	for i, v := range ordered {
		f.Add(v, ordered[len(ordered)-1-i], "1:1-1")
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		ab, ba, bc, ac := CompareVersions(a, b), CompareVersions(b, a), CompareVersions(b, c), CompareVersions(a, c)
		if ab != -ba {
			t.Errorf("%q and %q: %d one way, %d the other", a, b, ab, ba)
		}
		if ab <= 0 && bc <= 0 && ac > 0 {
			t.Errorf("%q <= %q <= %q, but the first is newer than the last", a, b, c)
		}
	})
}
