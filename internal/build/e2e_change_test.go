//go:build e2e

package build

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/moby/buildkit/client"
)

// ran answers the steps that BuildKit ran, from its progress in rawjson.
func ran(t *testing.T, progress *bytes.Buffer) []string {
	t.Helper()
	done := map[string]bool{}
	for line := range bytes.Lines(progress.Bytes()) {
		var status client.SolveStatus
		if json.Unmarshal(line, &status) != nil {
			continue
		}
		for _, v := range status.Vertexes {
			isStep := strings.Contains(v.Name, "run: ") || strings.Contains(v.Name, "configure ")
			if isStep && v.Completed != nil && !v.Cached {
				done[v.Name] = true
			}
		}
	}
	names := []string{}
	for name := range done {
		_, step, _ := strings.Cut(name, "] ")
		names = append(names, step)
	}
	slices.Sort(names)
	return names
}

// counting puts a proxy before a registry, which counts the bytes written to it.
func counting(t *testing.T, o *Options) *atomic.Int64 {
	t.Helper()
	host, path, _ := strings.Cut(o.Registry, "/")
	written := &atomic.Int64{}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: host})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > 0 {
			written.Add(r.ContentLength)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	o.Registry = strings.TrimPrefix(server.URL, "http://") + "/" + path
	return written
}

// TestAChangedFileRunsOnlyWhatNeedsIt: of two images, one made on the other, a
// changed file must run the steps that need it again and nothing else, and bring
// no layer of packages to the registry a second time. What comes of it must be
// what a build from nothing makes.
func TestAChangedFileRunsOnlyWhatNeedsIt(t *testing.T) {
	o, _, _ := real(t)
	written := counting(t, &o)
	dir := t.TempDir()
	write := func(name, text string) {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("low.yaml", "name: low\nfrom: {debian: trixie}\npackages: [tini]\nfiles: [{from: low, to: /}]\n"+
		"run:\n  - {name: early, sh: useradd somebody, needs: []}\n")
	write("high.yaml", "name: high\nfrom: low\nfiles: [{from: high, to: /}]\n"+
		"run:\n  - {name: needy, sh: cat /etc/needed >>/etc/made, needs: [/etc/needed]}\n")
	write("low/etc/needed", "0")
	write("low/etc/low", "0")
	write("high/etc/high", "0")
	o.Recipes = []string{filepath.Join(dir, "low.yaml"), filepath.Join(dir, "high.yaml")}
	o.Progress = "rawjson"
	run := func() (digests string, steps []string, bytesWritten int64) {
		t.Helper()
		progress := &bytes.Buffer{}
		o.Err = progress
		before := written.Load()
		images, err := Run(t.Context(), o)
		if err != nil {
			t.Fatalf("%v\n%s", err, progress)
		}
		return images[0].Digest + images[1].Digest, ran(t, progress), written.Load() - before
	}
	if _, steps, n := run(); len(steps) != 4 || n < 50<<20 {
		t.Errorf("from nothing: ran %q and wrote %d bytes", steps, n)
	}
	var last string
	for _, tc := range []struct {
		file  string
		steps []string
	}{
		{"low/etc/low", []string{}},
		{"high/etc/high", []string{}},
		{"low/etc/needed", []string{"run: needy"}},
	} {
		write(tc.file, "1")
		digests, steps, n := run()
		if !slices.Equal(steps, tc.steps) || n == 0 || n > 1<<20 || digests == last {
			t.Errorf("%s: ran %q, want %q; wrote %d bytes; %s after %s", tc.file, steps, tc.steps, n, digests, last)
		}
		last = digests
	}
	if digests, steps, n := run(); digests != last || len(steps) != 0 || n != 0 {
		t.Errorf("nothing: ran %q, wrote %d bytes; %s after %s", steps, n, digests, last)
	}
	freshDaemon(t)
	if digests, _, _ := run(); digests != last {
		t.Errorf("from nothing: %s; %s after changes", digests, last)
	}
}
