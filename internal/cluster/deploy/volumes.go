package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/plan"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// CheckVolumes refuses host paths of the cluster and its groups that do not exist,
// before an engine does. Those of another machine cannot be looked at here, nor mean
// anything relative to a folder of this one. Its errors are wrong usage.
func CheckVolumes(spec cluster.Spec, machine string) error {
	all := slices.Clone(spec.Volumes)
	for _, g := range spec.Groups {
		all = append(all, g.Volumes...)
	}
	var errs []error
	for _, v := range all {
		if machine != "" {
			if !filepath.IsAbs(v.Host) {
				err := fmt.Errorf("reading volume %q: it is not an absolute path", v)
				errs = append(errs, ui.WithHint(err, "its folder is one of the engine's machine %s", machine))
			}
			continue
		}
		if _, err := os.Stat(v.Host); err != nil {
			err := fmt.Errorf("checking volume %q: %w", v, err)
			errs = append(errs, ui.WithHint(err, "make it first: mkdir -p %s", v.Host))
		}
	}
	return ui.WithCode(errors.Join(errs...), ui.CodeUsage)
}

// tryVolumes has another machine's engine look at what CheckVolumes cannot, before the
// plan takes away hosts that it could not make again.
func tryVolumes(ctx context.Context, e Engine, t cluster.Topology, steps plan.Plan) error {
	if t.Machine == "" {
		return nil
	}
	image, folders := "", []string{}
	for _, s := range steps {
		h, _ := t.Host(s.Host)
		if s.Op != plan.Create || s.Kind != "" {
			continue
		}
		for _, v := range h.Volumes {
			if !slices.Contains(folders, v.Host) {
				image, folders = cmp.Or(h.ImageID, h.Image), append(folders, v.Host)
			}
		}
	}
	if len(folders) == 0 {
		return nil
	}
	err := e.TryFolders(ctx, t.Name, image, folders)
	if err != nil && ctx.Err() == nil {
		err = ui.WithHint(fmt.Errorf("checking volumes on the engine's machine %s, with nothing changed: %w", t.Machine, err), "make the folder there first, or correct -v")
	}
	return err
}

// dockerUID is the number of user docker in the images (recipes/base.yaml).
const dockerUID = 1000

// makeDefault makes the default volume's folder when the cluster uses it and it is
// not there. It is the cluster's user docker's, and closed to others where that can be:
// whoever may send jobs is root in the containers, and could leave a program with the
// set-uid bit there. A user of this machine who can neither be docker nor give the
// folder away opens it, as /tmp is. A link in its place may be anybody's who can write
// here, and is an error. Nothing removes the folder: clean does not, since the user's
// data are there, nor does undoing, since other clusters deployed from the same place
// may share it by then.
func makeDefault(spec cluster.Spec, t cluster.Topology) error {
	frontend, _ := t.Host("frontend")
	path := spec.Default.Host
	if t.Machine != "" || !slices.Contains(frontend.Volumes, spec.Default) {
		return nil
	}
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrExist) {
		var there fs.FileInfo
		if there, err = os.Lstat(path); err == nil && !there.IsDir() {
			err = fmt.Errorf("%s is no folder", path)
		}
	} else if err == nil {
		err = give(path)
	}
	if err != nil {
		return ui.WithHint(fmt.Errorf("making the default volume: %w", err), "name a folder with -v HOST:CONTAINER")
	}
	return nil
}

// give makes a folder the cluster's user docker's, or opens it. Whatever takes its
// place meanwhile is not followed.
func give(path string) error {
	folder, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer folder.Close()
	if folder.Chown(dockerUID, -1) != nil {
		return folder.Chmod(0o777 | os.ModeSticky)
	}
	return nil
}
