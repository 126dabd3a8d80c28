package cache

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func loopback(ref string) bool { return strings.HasPrefix(ref, "localhost") }

// TestEachImageHasItsCache: what several images would share is told apart, and
// what tells them apart by itself is left alone.
func TestEachImageHasItsCache(t *testing.T) {
	t.Setenv("ACTIONS_RUNTIME_TOKEN", "secret")
	t.Setenv("ACTIONS_CACHE_URL", "https://v1.example")
	t.Setenv("ACTIONS_RESULTS_URL", "https://v2.example")
	t.Setenv("ACTIONS_CACHE_SERVICE_V2", "true")
	for text, want := range map[string]map[string]string{
		"registry.example/c":                          {"ref": "registry.example/c:node-arm64"},
		"type=registry,ref=r.example:5000/c,mode=max": {"ref": "r.example:5000/c:node-arm64", "mode": "max"},
		"type=registry,ref=r.example/c:t":             {"ref": "r.example/c:t-node-arm64"},
		"type=registry,ref=localhost:1/c:{name}":      {"ref": "localhost:1/c:node", "registry.insecure": "true"},
		"type=local,dest=/c":                          {"dest": "/c/node-arm64"},
		"type=local,dest=/c/{arch},mode=max":          {"dest": "/c/arm64", "mode": "max"},
		"type=inline":                                 {},
		"type=gha,scope=s,mode=max": {"scope": "s-node-arm64", "mode": "max", "token": "secret",
			"url": "https://v1.example", "url_v2": "https://v2.example"},
		"type=gha,token=mine,version=1": {"scope": "oarbuild-node-arm64", "token": "mine", "version": "1", "url": "https://v1.example"},
	} {
		specs, err := ParseTo([]string{text})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := specs[0].For("node", "arm64", loopback); !maps.Equal(got.Attrs, want) {
			t.Errorf("%s: got %v, want %v", text, got.Attrs, want)
		}
	}
	from, err := ParseFrom([]string{"type=local,src=/c", "type=registry,ref=r.example/{name}:2"})
	if err != nil || from[0].For("a", "b", loopback).Attrs["src"] != "/c/a-b" || from[1].For("a", "b", loopback).Attrs["ref"] != "r.example/a:2" {
		t.Errorf("got %v, %v", from, err)
	}
}

func TestAway(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"registry.example/c": true, "type=gha,token=t,url=u": true,
		"localhost:1/c": false, "type=local,dest=/c": false, "type=inline": false,
	} {
		if specs, err := ParseTo([]string{text}); err != nil || specs[0].Away(loopback) != want {
			t.Errorf("%s: want %v, %v", text, want, err)
		}
	}
}

func TestWhatIsNoCacheIsRefused(t *testing.T) {
	t.Setenv("ACTIONS_RUNTIME_TOKEN", "")
	for text, want := range map[string]string{
		"type=tape,dest=x":   `no type "tape"`,
		"dest=x":             `no type ""`,
		"type=local":         "needs dest",
		"type=local,src=x":   "needs dest",
		"type=registry":      "needs ref",
		"type=gha":           "ACTIONS_RUNTIME_TOKEN",
		"type=local,dest":    `"dest" is not KEY=VALUE`,
		`type=local,"dest=x`: "no list",
	} {
		if _, err := ParseTo([]string{text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	if _, err := ParseFrom([]string{"type=inline"}); err == nil || !strings.Contains(err.Error(), "type=registry,ref=IMAGE") {
		t.Errorf("reading an inline cache: %v", err)
	}
}

// TestNoErrorShowsASecret: what is wrong beside it is told without it.
func TestNoErrorShowsASecret(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"type=tape,token=hunter2":             `no type "tape"`,
		"type=gha,token=hun,hunter2":          "field 3 is not KEY=VALUE",
		"type=gha,secret_access_key=h,ter2":   "field 3 is not KEY=VALUE",
		"type=registry,token=hunter2":         "needs ref",
		"type=registry,token:hunter2,ref=r/c": "field 2 is not KEY=VALUE",
		`type=gha,"token=hunter2`:             "no list",
	} {
		_, err := ParseTo([]string{text})
		if err == nil || strings.Contains(err.Error(), "ter2") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	specs, err := ParseFrom([]string{"type=local,src=" + dir + "/{name}", "registry.example/c"})
	if err != nil {
		t.Fatal(err)
	}
	here := specs[0].For("here", "amd64", loopback)
	if got := Missing(here); got != dir+"/here" {
		t.Errorf("an empty folder: %q", got)
	}
	if err := os.MkdirAll(dir+"/here", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "here", "index.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := Missing(here); got != "" {
		t.Errorf("a cache: %q", got)
	}
	if got := Missing(specs[1].For("a", "b", loopback)); got != "" {
		t.Errorf("a registry's: %q", got)
	}
}
