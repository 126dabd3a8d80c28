package deploy_test

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// Whoever can write where the default volume is to be chooses no folder for it.
func TestDefaultVolumeFollowsNoLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	elsewhere := t.TempDir()
	if err := os.Symlink(elsewhere, w.spec.Default.Host); err != nil {
		t.Fatal(err)
	}
	_, err := w.o.Deploy(t.Context(), w.spec)
	if err == nil || !strings.Contains(err.Error(), "making the default volume: "+w.spec.Default.Host+" is no folder") {
		t.Errorf("got %v", err)
	}
	w.expect(t, nil)
	if _, err := os.Lstat(w.spec.Default.Host); err != nil {
		t.Errorf("the link is gone: %v", err)
	}
}

// By then another cluster may share it.
func TestUndoingLeavesTheDefaultVolume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Before = at(calls(t), func() error { return errFault })
	if _, err := w.o.Deploy(t.Context(), w.spec); !errors.Is(err, errFault) {
		t.Errorf("got %v", err)
	}
	w.expect(t, nil)
	checkDefaultVolume(t, w.spec.Default.Host)
}

// Folders of another machine are not made on this one.
func TestDefaultVolumeOfAnotherMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 1)
	if err := os.Remove(w.spec.Default.Host); err != nil {
		t.Fatal(err)
	}
	w.Machine = "ssh://me@box"
	for what, err := range map[string]error{
		"scale": second(w.o.Scale(t.Context(), "oarcluster", map[string]int{"": 2})),
		"start": second(w.o.Start(t.Context(), "oarcluster", nil)),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := os.Lstat(w.spec.Default.Host); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is here: %v", err)
	}
}

// second is the error of what answers two values.
func second[T any](_ T, err error) error { return err }
