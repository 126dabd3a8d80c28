//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block matches a fenced block of a page: a script, or a file with its name.
var block = regexp.MustCompile("(?ms)^```(sh|yaml [a-z.-]+)\n(.*?)^```$")

// TestTheTutorial: whoever types what the tutorial shows, block by block, in an
// empty folder, must get what it promises.
func TestTheTutorial(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "tutorial.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in := call{dir: dir, env: []string{"PATH=" + filepath.Dir(program(t, "oarbuild")) + ":" + os.Getenv("PATH")}}
	defer call{}.run(t, "oardeploy", "clean", "mine")
	var said strings.Builder
	blocks := block.FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 8 {
		t.Fatalf("the tutorial has %d blocks", len(blocks))
	}
	for _, b := range blocks {
		if name, ok := strings.CutPrefix(b[1], "yaml "); ok {
			put(t, filepath.Join(dir, name), b[2])
			continue
		}
		said.WriteString(in.must(t, "sh", "-eu", "-c", b[2]) + "\n")
	}
	for _, want := range []string{"node:mine@sha256:", "Hello, world! I am node", "Hello, world! This is node"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no %q in\n%s", want, said.String())
		}
	}
}
