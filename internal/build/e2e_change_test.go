//go:build e2e

package build

import (
	"bytes"
	"encoding/json"
	"net/http"
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

// TestAChangedFileRunsOnlyWhatNeedsIt: of two images, one made on the other, a
// changed file must run the steps that need it again and nothing else (those of
// the upper one stand on a copy of its packages: see llb, trunk), and bring
// no layer of packages to the registry a second time. What comes of it must be
// what a build from nothing makes.
func TestAChangedFileRunsOnlyWhatNeedsIt(t *testing.T) {
	o, _, server := real(t)
	var written atomic.Int64
	server.Before = func(_ http.ResponseWriter, r *http.Request) bool {
		written.Add(max(0, r.ContentLength))
		return false
	}
	dir := t.TempDir()
	write(t, dir, "low.yaml", "name: low\nfrom: {debian: trixie}\npackages: [tini]\nfiles: [{from: low, to: /}]\n"+
		"run:\n  - {name: early, sh: useradd somebody, needs: []}\n")
	write(t, dir, "high.yaml", "name: high\nfrom: low\npackages: [less]\nfiles: [{from: high, to: /}]\n"+
		"run:\n  - {name: needy, sh: cat /etc/needed >>/etc/made, needs: [/etc/needed]}\n")
	write(t, dir, "low/etc/needed", "0")
	write(t, dir, "low/etc/low", "0")
	write(t, dir, "high/etc/high", "0")
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
	if _, steps, n := run(); len(steps) != 5 || n < 50<<20 {
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
		write(t, dir, tc.file, "1")
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
