//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestTwoBuildsAtOnce: two processes on one store, one BuildKit and one registry
// both succeed, and agree.
func TestTwoBuildsAtOnce(t *testing.T) {
	recipe := filepath.Join(t.TempDir(), "twice.yaml")
	text := "name: e2e-twice\nfrom: {debian: trixie}\nrun:\n  - {name: tell, sh: \"uname -m > /machine\"}\n"
	if err := os.WriteFile(recipe, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var results [2]result
	var both sync.WaitGroup
	for i := range results {
		both.Go(func() { results[i] = call{}.run(t, "oarbuild", "--recipe", recipe, "--no-cache", "--push") })
	}
	both.Wait()
	for _, r := range results {
		if r.code != 0 || r.out != results[0].out {
			t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
		}
	}
}
