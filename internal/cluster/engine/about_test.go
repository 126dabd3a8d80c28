package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/doctor"
)

func TestHere(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "instances")
	if err := os.WriteFile(file, []byte("128\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if h := here(filepath.Dir(file), file); h.Inotify != 128 || h.Free == 0 || h.Size < h.Free {
		t.Errorf("got %+v", h)
	}
	if h := here("/does/not/exist", "/does/not/exist"); h != (doctor.Host{}) {
		t.Errorf("got %+v of nothing", h)
	}
}
