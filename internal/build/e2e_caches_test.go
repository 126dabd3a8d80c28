//go:build e2e

package build

import (
	"context"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	stepLine   = regexp.MustCompile(`(?m)^#(\d+) \[[^\]]+\] (?:configure|run:) `)
	cachedLine = regexp.MustCompile(`(?m)^#(\d+) CACHED`)
)

// executed counts the steps that a build ran, by its plain progress.
func executed(progress string) int {
	steps := map[string]bool{}
	for _, match := range stepLine.FindAllStringSubmatch(progress, -1) {
		steps[match[1]] = true
	}
	for _, match := range cachedLine.FindAllStringSubmatch(progress, -1) {
		delete(steps, match[1])
	}
	return len(steps)
}

// TestACacheWarmsAColdBuilder: what one builder wrote to a cache, another one
// that knows nothing need not run again.
func TestACacheWarmsAColdBuilder(t *testing.T) {
	o, out, _ := real(t)
	o.Recipes, o.Registry = []string{bare(t)}, embedded(t)
	dir := t.TempDir()
	build := func(to, from []string) (steps int) {
		t.Helper()
		out.Reset()
		o.CacheTo, o.CacheFrom = to, from
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
		defer cancel()
		if _, err := Run(ctx, o); err != nil {
			t.Fatalf("to %v, from %v: %v\n%s", to, from, err, out)
		}
		return executed(out.String())
	}
	if steps := build([]string{"type=registry,ref=" + o.Registry + "/cache"}, nil); steps < 2 {
		t.Fatalf("the first build ran %d steps:\n%s", steps, out)
	}
	build([]string{"type=local,dest=" + dir, "type=inline"}, nil)
	for _, from := range []string{
		"type=registry,ref=" + o.Registry + "/{name}:latest", // the inline one; the builds that follow push over it
		o.Registry + "/cache",
		"type=local,src=" + dir,
	} {
		freshDaemon(t)
		if steps := build(nil, []string{from, "type=local,src=" + t.TempDir()}); steps != 0 {
			t.Errorf("%s: %d steps were run again:\n%s", from, steps, out)
		}
		if strings.Count(out.String(), "has no cache to read yet") != 1 {
			t.Errorf("%s: it is not told that there is no second cache:\n%s", from, out)
		}
	}
}

// embedded returns a repository on a free port, where the program serves its own
// registry of a folder of this test.
func embedded(t *testing.T) string {
	t.Helper()
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String() + "/oar"
}
