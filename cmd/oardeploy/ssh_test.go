package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/access"
)

// /tmp is everybody's: another user may have made the folder before us.
func TestSSHRefusesAnOpenFolder(t *testing.T) {
	t.Parallel()
	name := fmt.Sprintf("test-%d", os.Getpid())
	folder := access.Path(base, name)
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	pwned := filepath.Join(t.TempDir(), "pwned")
	if err := os.WriteFile(filepath.Join(folder, "ssh_config"), []byte("Host *\n    ProxyCommand touch "+pwned+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := runSSH(t.Context(), name, []string{"frontend"}); err == nil || !strings.Contains(err.Error(), "lets others in") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(pwned); err == nil {
		t.Error("the configuration's command ran")
	}
}

// What a shell makes of the command line must be the arguments again.
func TestCommandLineKeepsArguments(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"printf", "%s|", "a b", "", "it's", `"quoted"`, "$HOME", "*", "back\\slash", "two\nlines"},
		{"printf", "%s|", "-n"},
	} {
		out, err := exec.Command("sh", "-c", commandLine(args)).Output()
		if want := strings.Join(args[2:], "|") + "|"; err != nil || string(out) != want {
			t.Errorf("got %q, %v, want %q", out, err, want)
		}
	}
}

func TestCommandLineOfOneWordIsTheShells(t *testing.T) {
	t.Parallel()
	if got := commandLine([]string{"cd /data && ls | wc -l"}); got != "cd /data && ls | wc -l" {
		t.Errorf("got %q", got)
	}
	if got := commandLine(nil); got != "" {
		t.Errorf("got %q", got)
	}
}
