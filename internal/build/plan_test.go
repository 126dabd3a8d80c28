package build

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/recipes"
)

// shipped returns a shipped recipe, resolved.
func shipped(t *testing.T, name string) *recipes.Resolved {
	t.Helper()
	list, err := Load(Options{Recipes: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

func TestNewTarget(t *testing.T) {
	t.Parallel()
	free, bound := *shipped(t, "node"), *shipped(t, "node")
	free.Platforms, bound.Platforms = nil, []string{"linux/amd64", "linux/arm64"}
	for _, tc := range []struct {
		recipe         *recipes.Resolved
		platform, arch string
		err            string
	}{
		{&bound, "linux/amd64", "amd64", ""},
		{&bound, "linux/arm64", "arm64", ""},
		{&bound, "linux/arm64/v8", "arm64", ""},
		{&free, "linux/arm/v7", "armhf", ""},
		{&free, "linux/ppc64le", "ppc64el", ""},
		{&bound, "linux/riscv64", "", "is for linux/amd64, linux/arm64"},
		{&free, "windows/amd64", "", "no such architecture"},
		{&free, "linux/vax", "", "no such architecture"},
		{&free, "a/b/c/d", "", "reading platform"},
	} {
		got, err := newTarget(tc.recipe, tc.platform)
		if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: got error %v, want %q", tc.platform, err, tc.err)
		}
		if err == nil && got.arch != tc.arch {
			t.Errorf("%s is %s for Debian, want %s", tc.platform, got.arch, tc.arch)
		}
	}
}

func TestPlanPairsRecipesWithPlatforms(t *testing.T) {
	t.Parallel()
	targets, err := plan(Options{Recipes: []string{"base", "node"}, Platforms: []string{"linux/amd64", "linux/arm64"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, target := range targets {
		got = append(got, target.String())
	}
	want := []string{"base for linux/amd64", "base for linux/arm64", "node for linux/amd64", "node for linux/arm64"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if sets := byImage(targets); len(sets) != 2 || !slices.Equal(sets[0], []int{0, 1}) || !slices.Equal(sets[1], []int{2, 3}) {
		t.Errorf("by image: %v", sets)
	}
	if all, err := plan(Options{}); err != nil || len(all) != len(recipes.Shipped()) {
		t.Errorf("by default %d images, %v", len(all), err)
	}
}

func TestAPlatformIsTakenOnce(t *testing.T) {
	t.Parallel()
	targets, err := plan(Options{Recipes: []string{"base", "node"}, Platforms: []string{"linux/arm64", "linux/amd64", "linux/amd64", "linux/arm64/v8"}})
	if err != nil || len(targets) != 4 || targets[0].String() != "base for linux/arm64" || targets[1].String() != "base for linux/amd64" {
		t.Errorf("got %v, %v", targets, err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	r := *shipped(t, "node")
	for _, tc := range []struct {
		name        string
		recipe, ask []string
		want        string
	}{
		{"the recipe's", []string{"a", "b"}, nil, "reg/oar/node:a reg/oar/node:b"},
		{"those asked for", []string{"a", "b"}, []string{"c"}, "reg/oar/node:c"},
		{"none", nil, nil, "reg/oar/node:latest"},
	} {
		r.Tags = tc.recipe
		got := (&target{recipe: &r}).names(Options{Registry: "reg/oar", Tags: tc.ask})
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s: got %v, want %s", tc.name, got, tc.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	o, err := Options{}.withDefaults()
	if err != nil || o.Registry != DefaultRegistry || o.Progress != "auto" {
		t.Errorf("got %+v, %v", o, err)
	}
	if _, err := (Options{To: buildkit.Engine, Platforms: []string{"a", "b"}}).withDefaults(); err == nil {
		t.Error("an Engine was to take two platforms")
	}
	for _, o := range []Options{{Registry: "oarcluster"}, {Registry: "localhost:5000/Upper"}, {Tags: []string{"a/b"}}} {
		if _, err := o.withDefaults(); err == nil || !strings.Contains(err.Error(), "it can be no name") {
			t.Errorf("%+v: got %v", o, err)
		}
	}
}

func TestWarningsAreNeverQuiet(t *testing.T) {
	t.Parallel()
	for _, display := range []string{"auto", "plain", "tty", "quiet", "rawjson"} {
		var out bytes.Buffer
		if (Options{Progress: display, Err: &out}).warn("it is 100% old"); out.String() != "warning: it is 100% old\n" {
			t.Errorf("%s: got %q", display, out.String())
		}
	}
}

func TestLoadRefusesPlatforms(t *testing.T) {
	t.Parallel()
	for platform, want := range map[string]string{"linux/arm64": "", "foo": "reading platform", "linux/vax": "no such architecture", "windows/amd64": "no such architecture", "a/b/c/d": "reading platform"} {
		_, err := Load(Options{Recipes: []string{"dnsmasq"}, Platforms: []string{"linux/amd64", platform}})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", platform, err, want)
		}
	}
}

func TestRequestAsksLevelByLevel(t *testing.T) {
	t.Parallel()
	r := (&target{recipe: shipped(t, "node")}).request()
	if !r.Bare || len(r.Groups) != 3 || len(r.Groups[0]) != 0 {
		t.Fatalf("got %+v", r)
	}
	if !slices.Contains(r.Groups[1], "tini") || !slices.Contains(r.Groups[2], "oar-node") {
		t.Errorf("got %+v", r)
	}
}
