package oarcluster_test

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rhysd/actionlint"
)

// workflow is what the rules below look at of a file of GitHub Actions.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Steps       []struct{ Uses, Run string }
	}
}

func workflows(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(".github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	return files
}

// TestActionsSayWhichVersionTheyAre: a digest alone tells nobody what is out of
// date, and one action in two versions is a mistake.
func TestActionsSayWhichVersionTheyAre(t *testing.T) {
	uses := regexp.MustCompile(`(?m)^\s*-? *uses: *(\S+)@(.*)$`)
	version := regexp.MustCompile(`^[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	pins := map[string]string{}
	for _, file := range workflows(t) {
		for _, found := range uses.FindAllStringSubmatch(read(t, file), -1) {
			action, pin := found[1], found[2]
			if !version.MatchString(pin) {
				t.Errorf("%s: %s@%s does not say its version", file, action, pin)
			}
			if other := pins[action]; other != "" && other != pin {
				t.Errorf("%s is both %s and %s", action, other, pin)
			}
			pins[action] = pin
		}
	}
}

func TestWorkflowsAreRight(t *testing.T) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	mistakes, err := linter.LintFiles(workflows(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mistakes {
		t.Errorf("%v", m)
	}
}

// Steps are actions pinned by digest, or targets of the Makefile, which are
// tested here; no job has a right that it does not name.
func TestWorkflowsDoWhatIsTestedHere(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	pinned := regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40}$`)
	command := regexp.MustCompile(`^(?:sudo --preserve-env )?make (?:PATH="\$PATH" )?([a-z-]+)$`)
	for _, file := range workflows(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(data, &w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if w.Permissions == nil || len(w.Permissions) > 0 {
			t.Errorf("%s: permissions are %v, want none for all jobs", file, w.Permissions)
		}
		for name, job := range w.Jobs {
			if len(job.Permissions) == 0 {
				t.Errorf("%s: job %s names no permissions", file, name)
			}
			for _, step := range job.Steps {
				target := command.FindStringSubmatch(strings.TrimSpace(step.Run))
				switch {
				case step.Uses != "" && !pinned.MatchString(step.Uses):
					t.Errorf("%s: %s is not pinned by a digest", file, step.Uses)
				case step.Run != "" && (target == nil || !strings.Contains(string(makefile), "\n"+target[1]+":")):
					t.Errorf("%s: %q is no target of the Makefile", file, step.Run)
				}
			}
		}
	}
}
