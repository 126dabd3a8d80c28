//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// night is what a nightly rebuild of one small recipe leaves.
type night struct {
	result
	summary string
}

// rebuild runs what the nightly workflow runs, on a recipe of a folder and the
// embedded registry.
func rebuild(t *testing.T, dir, test string) night {
	t.Helper()
	summary := filepath.Join(dir, fmt.Sprintf("summary-%d.md", time.Now().UnixNano()))
	c := call{dir: "..", env: []string{"RECIPES=" + filepath.Join(dir, "night.yaml"), "PLATFORMS=linux/amd64", "TEST=" + test, "SUMMARY=" + summary, "REGISTRY=localhost:5000/oarcluster"}}
	r := c.run(t, "sh", "e2e/rebuild.sh")
	text, err := os.ReadFile(summary)
	if err != nil {
		t.Fatalf("%v\n%s", err, r.err)
	}
	return night{r, string(text)}
}

// TestTheNightlyRebuild: the first night builds, tests and pushes under a dated
// tag and those of the recipe; the second has nothing to do; a change shows as
// packages; and what fails its test is not pushed, and tried again.
func TestTheNightlyRebuild(t *testing.T) {
	dir := t.TempDir()
	recipe := "name: e2e-night\nfrom: {debian: \"${suite}\"}\ntags: [%q]\npackages: [%s]\n"
	tag := fmt.Sprint("e2e-", time.Now().UnixNano())
	put(t, filepath.Join(dir, "night.yaml"), fmt.Sprintf(recipe, tag, "less"))
	image := registry + "e2e-night:"

	today := func() string { return time.Now().UTC().Format("20060102") }
	before := today()
	first := rebuild(t, dir, "true")
	date := before
	if strings.Contains(first.out, today()) {
		date = today() // midnight was meanwhile
	}
	lines := strings.Split(strings.TrimSpace(first.out), "\n")
	dated := image + "2.6.1-" + date + "@sha256:"
	if first.code != 0 || len(lines) != 2 || !strings.HasPrefix(lines[0], dated) || !strings.HasPrefix(lines[1], image+tag+"@sha256:") {
		t.Fatalf("the first night: exit %d, stdout %q, stderr %s", first.code, first.out, first.err)
	}
	if !strings.Contains(first.summary, "night.trixie.lock.json is new") || !strings.Contains(first.summary, lines[1]) {
		t.Errorf("got the summary\n%s", first.summary)
	}

	again := rebuild(t, dir, "false")
	if again.code != 0 || again.out != "" || !strings.Contains(again.summary, "Nothing to do") {
		t.Errorf("the second night: %+v", again)
	}

	put(t, filepath.Join(dir, "night.yaml"), fmt.Sprintf(recipe, tag, "less, ed"))
	for range 2 {
		failed := rebuild(t, dir, "false")
		if failed.code != 1 || failed.out != "" || !strings.Contains(failed.summary, "The test failed, and nothing was pushed") {
			t.Errorf("a night whose test fails: %+v", failed)
		}
	}
	put(t, filepath.Join(dir, "night.yaml"), fmt.Sprintf(recipe, tag, "less, tree"))
	changed := rebuild(t, dir, "true")
	if changed.code != 0 || strings.Count(changed.out, "\n") != 2 || !strings.Contains(changed.summary, "tree") || strings.Contains(changed.out, lines[1]) {
		t.Errorf("a night with a change: %+v", changed)
	}
}
