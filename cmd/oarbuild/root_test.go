package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/build"
	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// parse returns the options that the root command makes of its arguments.
func parse(t *testing.T, args ...string) (build.Options, error) {
	t.Helper()
	f := &flags{}
	root := newRoot(ui.Streams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}})
	root.ResetFlags()
	f.declare(root)
	if err := root.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	o, err := f.options(ui.Streams{})
	o.Err = nil
	return o, err
}

func TestFlagsBecomeOptions(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "")
	t.Setenv("OARBUILD_MIRROR", "http://env.example.org")
	plain := build.Options{Set: map[string]string{}, Registry: build.DefaultRegistry, Mirror: "http://env.example.org", Progress: "auto"}
	for _, tc := range []struct {
		name string
		args []string
		want func(*build.Options)
	}{
		{"none", nil, func(*build.Options) {}},
		{"recipes in order", []string{"--recipe", "b", "--recipe", "a"}, func(o *build.Options) { o.Recipes = []string{"b", "a"} }},
		{"variables", []string{"--set", "a=1", "--set", "b=x=y,z"}, func(o *build.Options) { o.Set = map[string]string{"a": "1", "b": "x=y,z"} }},
		{"platforms", []string{"--platform", "linux/amd64,linux/arm64"}, func(o *build.Options) { o.Platforms = []string{"linux/amd64", "linux/arm64"} }},
		{"push", []string{"--push", "--registry", "r/x", "--tag", "t"}, func(o *build.Options) { o.To, o.Registry, o.Tags = buildkit.Registry, "r/x", []string{"t"} }},
		{"load", []string{"--load", "--no-cache"}, func(o *build.Options) { o.To, o.NoCache = buildkit.Engine, true }},
		{"steps", []string{"--no-cache=a,b", "--no-cache=c, d"}, func(o *build.Options) { o.Again = []string{"a,b", "c, d"} }},
		{"a mirror", []string{"--mirror", "http://flag.example.org", "--allow-stale"}, func(o *build.Options) { o.Mirror, o.AllowStale = "http://flag.example.org", true }},
		{"a lock", []string{"--locked", "--offline"}, func(o *build.Options) { o.Locked, o.Offline = true, true }},
		{"a builder", []string{"--builder", "tcp://b:1", "--progress", "plain"}, func(o *build.Options) { o.Builders, o.Progress = []string{"tcp://b:1"}, "plain" }},
	} {
		want := plain
		tc.want(&want)
		if got, err := parse(t, tc.args...); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v; want %+v", tc.name, got, err, want)
		}
	}
}

func TestTheEpochOfTheEnvironment(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	if o, err := parse(t); err != nil || !o.Epoch.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("got %v, %v", o.Epoch, err)
	}
}

func TestMetadataFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "m.json")
	images := []build.Image{{Name: "node", Reference: "r/node:t@d", Digest: "d", InputDigest: "i", Tags: []string{"t"},
		Releases: []build.Release{{Suite: "trixie", URL: "u", SHA256: "s"}}, Platforms: map[string]build.Platform{"linux/amd64": {Digest: "e", Attestation: "f", InputDigest: "i", BuildKit: "v0"}}}}
	if err := (&flags{metadata: file}).writeMetadata(images); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	want := `{
  "node": {
    "name": "node",
    "reference": "r/node:t@d",
    "digest": "d",
    "inputDigest": "i",
    "tags": [
      "t"
    ],
    "platforms": {
      "linux/amd64": {
        "digest": "e",
        "attestation": "f",
        "inputDigest": "i",
        "buildkit": "v0"
      }
    },
    "releases": [
      {
        "suite": "trixie",
        "url": "u",
        "sha256": "s",
        "date": "0001-01-01T00:00:00Z"
      }
    ]
  }
}
`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	if err := (&flags{metadata: filepath.Join(file, "x")}).writeMetadata(images); err == nil {
		t.Error("wrote below a file")
	}
	if err := (&flags{}).writeMetadata(images); err != nil {
		t.Error(err)
	}
}

// TestMetadataIsReplacedAsAWhole: who has the old file open reads it to its end,
// and a build of nothing leaves an object, not what the build before left.
func TestMetadataIsReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "m.json")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	old, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	f := &flags{metadata: file}
	if err := f.aboutNothing(os.ErrPermission); err != os.ErrPermission {
		t.Errorf("of a failure: %v", err)
	}
	if data, _ := os.ReadFile(file); string(data) != "old" {
		t.Errorf("a failure left %q", data)
	}
	nothing := fmt.Errorf("building: %w", ui.WithCode(errors.New(""), ui.CodeNothing))
	if err := f.aboutNothing(nothing); err != nothing {
		t.Fatal(err)
	}
	before, _ := io.ReadAll(old)
	after, _ := os.ReadFile(file)
	left, _ := os.ReadDir(dir)
	if string(before) != "old" || string(after) != "{}\n" || len(left) != 1 {
		t.Errorf("who read it got %q, there is %q in %v", before, after, left)
	}
	if err := (&flags{metadata: os.DevNull}).writeMetadata(nil); err != nil {
		t.Error(err)
	}
}

func TestCheckMetadataFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := filepath.Join(dir, "old.json")
	if err := os.WriteFile(old, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for file, ok := range map[string]bool{"": true, old: true, filepath.Join(dir, "new.json"): true, os.DevNull: true,
		dir: false, filepath.Join(dir, "nowhere", "x"): false, filepath.Join(old, "x"): false} {
		if err := (&flags{metadata: file}).checkMetadata(buildkit.Registry); (err == nil) != ok {
			t.Errorf("%q: got %v", file, err)
		}
	}
	left, err := os.ReadDir(dir)
	if data, _ := os.ReadFile(old); err != nil || len(left) != 1 || string(data) != "old" {
		t.Errorf("there are %v, the old file has %q, error %v", left, data, err)
	}
}
