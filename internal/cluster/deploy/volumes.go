package deploy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// CheckVolumes refuses host paths that do not exist: the engine would make folders
// of root in their place, and a mistyped path would look like lost data.
// Its errors are wrong usage.
func CheckVolumes(spec cluster.Spec) error {
	var errs []error
	for _, v := range spec.Volumes {
		if _, err := os.Stat(v.Host); err != nil {
			err := fmt.Errorf("checking volume %q: %w", v, err)
			errs = append(errs, ui.WithHint(err, "make it first: mkdir -p %s", v.Host))
		}
	}
	return ui.WithCode(errors.Join(errs...), ui.CodeUsage)
}

// dockerUID is the number of user docker in the images (recipes/base.yaml).
const dockerUID = 1000

// makeDefault makes the default volume's folder when the cluster uses it and it is
// not there, and returns its path if it did. It is the cluster's user docker's, and
// closed to others where that can be: whoever may send jobs is root in the
// containers, and could leave a program with the set-uid bit there. A user of this
// machine who can neither be docker nor give the folder away opens it, as /tmp is.
func makeDefault(spec cluster.Spec, t cluster.Topology) (string, error) {
	frontend, _ := t.Host("frontend")
	if !slices.Contains(frontend.Volumes, spec.Default) {
		return "", nil
	}
	err := os.Mkdir(spec.Default.Host, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return "", nil
	}
	if err == nil && os.Chown(spec.Default.Host, dockerUID, -1) != nil {
		err = os.Chmod(spec.Default.Host, 0o777|os.ModeSticky)
	}
	if err != nil {
		return "", ui.WithHint(fmt.Errorf("making the default volume: %w", err), "name a folder with -v HOST:CONTAINER")
	}
	return spec.Default.Host, nil
}

// dropDefault removes the folder that makeDefault made, unless something is in it.
func dropDefault(path string) error {
	if path == "" {
		return nil
	}
	err := os.Remove(path)
	if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
