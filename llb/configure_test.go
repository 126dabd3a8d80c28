package llb

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOnlyNewPackagesGiveWayToADiversion runs a part of configure.sh: a file
// under a diverted name moves when a new package brought it, by its exact name.
func TestOnlyNewPackagesGiveWayToADiversion(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("configure.sh")
	if err != nil {
		t.Fatal(err)
	}
	_, function, found := strings.Cut(string(script), "\nmove_diverted() {\n")
	function, _, ended := strings.Cut(function, "\n}\n")
	if !found || !ended {
		t.Fatal("configure.sh has no move_diverted")
	}
	for added, moved := range map[string]bool{"g++-9.1": true, "g++-9x1": false, "g++-9.1x": false, "vim": false} {
		dir := t.TempDir()
		write := func(name, data string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Mkdir(filepath.Join(dir, "info"), 0o700); err != nil {
			t.Fatal(err)
		}
		from := filepath.Join(dir, "file")
		write("file", "")
		write("new", added+"\n")
		write("diversions", from+"\n"+from+".diverted\nother\n")
		write("info/g++-9.1:amd64.list", "/.\n"+from+"\n")
		out, err := exec.Command("sh", "-euc", "admin=$1 work=$1\n"+function, "sh", dir).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Fatalf("%v\n%s", err, out)
		}
		if _, err := os.Stat(from + ".diverted"); (err == nil) != moved {
			t.Errorf("with %s new: moved %v, want %v", added, err == nil, moved)
		}
	}
}
