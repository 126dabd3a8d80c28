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

func TestManyShareALock(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "lock")
	var shares []*os.File
	for range 2 {
		f, err := Share(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		shares = append(shares, f)
	}
	if f, err := Try(name); f != nil || err != nil {
		t.Errorf("while it is shared, one got it alone: %v, %v", f, err)
	}
	for _, f := range shares {
		f.Close()
	}
	f, err := Try(name)
	if f == nil || err != nil {
		t.Fatalf("got %v, %v", f, err)
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if f, err := Share(ctx, name); f != nil || err == nil {
		t.Errorf("while one has it alone, another shares it: %v, %v", f, err)
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
