package lockfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestOneHasTheLock(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "lock")
	first, err := Try(name)
	if err != nil || first == nil {
		t.Fatalf("got %v, %v", first, err)
	}
	if second, err := Try(name); second != nil || err != nil {
		t.Errorf("a second one got %v, %v", second, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if f, err := Wait(ctx, name); f != nil || !errors.Is(err, why) {
		t.Errorf("waiting without end: got %v, %v", f, err)
	}
	got := make(chan error)
	go func() {
		f, err := Wait(t.Context(), name)
		if f != nil {
			err = f.Close()
		}
		got <- err
	}()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}

func TestTheLockOfAnotherFileIsNone(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "lock")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !leadsTo(name, f) {
		t.Error("the file is not itself")
	}
	if err := os.Rename(name, name+".done"); err != nil {
		t.Fatal(err)
	}
	if leadsTo(name, f) {
		t.Error("a file that is gone is there")
	}
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if leadsTo(name, f) {
		t.Error("another file is the same")
	}
}

func TestNoFolder(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "nowhere", "lock")
	for what, err := range map[string]error{"Try": second(Try(name)), "Wait": second(Wait(t.Context(), name))} {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func second(_ *os.File, err error) error { return err }
