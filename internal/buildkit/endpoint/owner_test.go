package endpoint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAFolderThatCameMeanwhileIsLookedAt: between the first look and the making
// of the folder, another user may make it.
func TestAFolderThatCameMeanwhileIsLookedAt(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("making files of another user needs root")
	}
	d := &Daemon{Dir: filepath.Join(t.TempDir(), "a", "state")}
	if err := d.makeDir(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(d.Dir); err != nil || info.Mode().Perm() != 0o711 {
		t.Errorf("it is %v, %v", info.Mode(), err)
	}
	if err := os.Chown(d.Dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if err := d.makeDir(); err == nil || !strings.Contains(err.Error(), "owned by user 65534") {
		t.Errorf("another's folder: %v", err)
	}
}

// TestALinkOfAnotherUserIsRefused: he leads it where he wants, also to a folder
// of root's.
func TestALinkOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("making files of another user needs root")
	}
	d := &Daemon{Dir: filepath.Join(t.TempDir(), "link")}
	if err := os.Symlink(t.TempDir(), d.Dir); err != nil {
		t.Fatal(err)
	}
	if err := d.makeDir(); err != nil {
		t.Errorf("a link of one's own: %v", err)
	}
	if err := os.Lchown(d.Dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if err := d.makeDir(); err == nil || !strings.Contains(err.Error(), "owned by user 65534") {
		t.Errorf("another's link: %v", err)
	}
}

// TestLogAndPidFollowNoLink: nothing is written elsewhere, and nothing started.
func TestLogAndPidFollowNoLink(t *testing.T) {
	for _, file := range []func(*Daemon) string{(*Daemon).logFile, (*Daemon).pidFile} {
		d := fakeDaemon(t, "touch $0.ran")
		victim := filepath.Join(t.TempDir(), "victim")
		if err := os.WriteFile(victim, []byte("precious"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := d.makeDir(); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(victim, file(d)); err != nil {
			t.Fatal(err)
		}
		_, err := d.start(t.Context())
		if data, _ := os.ReadFile(victim); err == nil || string(data) != "precious" {
			t.Errorf("%s: got %v, and %q in the file it leads to", file(d), err, data)
		}
		if _, err := os.Stat(d.Binary + ".ran"); err == nil {
			t.Error("the daemon was started")
		}
	}
}
