package llb

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// family is a recipe over another one; both have steps of each kind.
var family = map[string]string{
	"low.yaml": `name: low
from: {debian: trixie}
packages: [tini]
files: [{from: low, to: /}]
run:
  - {name: low late, sh: a}
  - {name: low early, sh: b, needs: []}
`,
	"high.yaml": `name: high
from: low
packages: [vim]
files: [{from: high, to: /}]
run:
  - {name: high early, sh: c, needs: [/etc/x]}
  - {name: high late, sh: d}
`,
}

// order answers the names of a graph's steps, those that run first before others.
func order(t *testing.T, g *Graph) []string {
	t.Helper()
	var names []string
	for _, v := range must(t, g) {
		if v.op.GetExec() != nil {
			names = append(names, v.name)
		}
	}
	return names
}

func TestStepsWithNeedsRunWithTheirPackages(t *testing.T) {
	t.Parallel()
	want := []string{
		"[debian linux/amd64] configure 70 packages",
		"[low linux/amd64] configure 71 packages",
		"[low linux/amd64] run: low early",
		"[high linux/amd64] configure 71 packages",
		"[high linux/amd64] run: high early",
		"[high linux/amd64] run: low late",
		"[high linux/amd64] run: high late",
	}
	if got := order(t, graph(t, input(load(t, family, "high.yaml"), "amd64"))); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestWhichStepsSeeWhichFiles: a change of files must give another vertex to the
// steps that see them, and to no others.
func TestWhichStepsSeeWhichFiles(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		change  func(*Input)
		changed string
	}{
		{"files of low", func(in *Input) { in.Files[1] = layer("other", "files") }, "low late, high late"},
		{"files of high", func(in *Input) { in.Files[2] = layer("other", "files") }, "low late, high late"},
		{"files that the early step of high needs", func(in *Input) { in.Needs[2][0] = layer("other", "x") }, "high early, low late, high late"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			before := map[string]bool{}
			for _, v := range must(t, graph(t, input(load(t, family, "high.yaml"), "amd64"))) {
				before[v.digest.String()] = true
			}
			in := input(load(t, family, "high.yaml"), "amd64")
			tc.change(&in)
			var changed []string
			for _, v := range must(t, graph(t, in)) {
				if _, step, is := strings.Cut(v.name, "run: "); is && !before[v.digest.String()] {
					changed = append(changed, step)
				}
			}
			if got := strings.Join(changed, ", "); got != tc.changed {
				t.Errorf("changed %s, want %s", got, tc.changed)
			}
		})
	}
}

// TestShippedImagesRunNothingOverAllFiles: a changed file of theirs is a copy.
func TestShippedImagesRunNothingOverAllFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"base", "dnsmasq", "frontend", "node", "server"} {
		list := must(t, graph(t, input(load(t, nil, name), "amd64")))
		if last := list[len(list)-1]; last.op.GetMerge() == nil {
			t.Errorf("the last vertex of %s is %s", name, last.name)
		}
	}
}

// TestStepsLayFilesOverWhatIsThere runs the line of step.sh that lays files: it
// replaces files and links and keeps what else is in a folder.
func TestStepsLayFilesOverWhatIsThere(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("step.sh")
	if err != nil {
		t.Fatal(err)
	}
	var line string
	for l := range strings.Lines(string(script)) {
		if strings.Contains(l, "cp ") {
			line = l
		}
	}
	files, root := t.TempDir(), t.TempDir()
	line = strings.ReplaceAll(strings.Replace(line, ". /\n", ". "+root, 1), "/run/files", files)
	for name, data := range map[string]string{
		files + "/etc/conf": "ours", files + "/etc/link": "ours",
		root + "/etc/conf": "theirs", root + "/etc/other": "theirs", root + "/target": "theirs",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../target", root+"/etc/link"); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sh", "-euc", line).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, want := range map[string]string{"etc/conf": "ours", "etc/link": "ours", "etc/other": "theirs", "target": "theirs"} {
		if got, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}
