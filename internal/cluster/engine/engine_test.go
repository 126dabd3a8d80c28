package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/engine"
)

func TestDialTellsWhatToDo(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///does/not/exist.sock")
	if _, err := engine.Dial(t.Context()); err == nil || !strings.Contains(err.Error(), "looking for a Docker Engine") {
		t.Errorf("got %v", err)
	}
	t.Setenv("DOCKER_HOST", "nonsense")
	if _, err := engine.Dial(t.Context()); err == nil {
		t.Error("dialled nonsense")
	}
}

// An engine that does not answer is named, with who named it.
func TestDialTellsWhoNamedTheEngine(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	for _, host := range []string{"tcp://127.0.0.1:1", "unix:///does/not/exist.sock"} {
		t.Setenv("DOCKER_HOST", host)
		if _, err := engine.Dial(t.Context()); err == nil || !strings.Contains(err.Error(), host+", from DOCKER_HOST") {
			t.Errorf("%s: got %v", host, err)
		}
	}
}

// What ssh says is what the user needs to know; nothing stays behind.
func TestDialPassesOnWhatSSHSays(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	bin := t.TempDir()
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	if err := os.WriteFile(filepath.Join(bin, "ssh"), []byte("#!/bin/sh\necho \"$0: no route to you\" >&2; exit 255\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_HOST", "ssh://me@box")
	if _, err := engine.Dial(t.Context()); err == nil || !strings.Contains(err.Error(), "no route to you") {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
