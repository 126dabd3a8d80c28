package output

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/sirupsen/logrus"

	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Item is one image for one platform, as its place is named by it.
type Item struct{ Name, Arch string }

// Sink takes the images of one build to their places.
type Sink struct {
	spec   Spec
	stdout io.Writer
	places []*place
	of     []*place // the place of each item
}

// place is where one or, in a layout, several items go.
type place struct {
	dest  string // "-" is the standard output
	stage string // the file or folder that becomes dest
	store content.Store
	items []int
}

// Open finds a place for each item and begins to write beside it, or says why
// it cannot. The caller ends it with [Sink.Commit] or [Sink.Abort].
func Open(spec Spec, items []Item, out io.Writer) (*Sink, error) {
	k := &Sink{spec: spec, stdout: out, of: make([]*place, len(items))}
	byDest := map[string]*place{}
	for i, item := range items {
		dest := spec.place(item)
		p := byDest[dest]
		if p == nil {
			p = &place{dest: dest}
			byDest[dest] = p
			k.places = append(k.places, p)
		}
		p.items, k.of[i] = append(p.items, i), p
	}
	for _, p := range k.places {
		if err := k.check(p, len(k.places)); err != nil {
			return nil, ui.WithCode(err, ui.CodeUsage)
		}
	}
	for _, p := range k.places {
		if err := k.begin(p); err != nil {
			return nil, errors.Join(fmt.Errorf("writing %s: %w", p.dest, err), k.Abort())
		}
	}
	return k, nil
}

// place returns where an item goes.
func (s Spec) place(item Item) string {
	if s.Dest == stdout {
		return stdout
	}
	dest := strings.NewReplacer("{name}", item.Name, "{arch}", item.Arch).Replace(s.Dest)
	info, err := os.Stat(dest)
	isFolder := strings.HasSuffix(s.Dest, "/") || err == nil && info.IsDir()
	switch {
	case s.Type == typeOCI && s.Folder || !isFolder || s.Folder && !strings.HasSuffix(s.Dest, "/"):
		return filepath.Clean(dest)
	case s.Type == typeOCI:
		return filepath.Join(dest, "images.tar")
	case s.Folder:
		return filepath.Join(dest, item.Name+"-"+item.Arch)
	}
	return filepath.Join(dest, item.Name+"-"+item.Arch+".tar")
}

// check says why a place cannot be written to, before anything is.
func (k *Sink) check(p *place, places int) error {
	switch {
	case len(p.items) > 1 && k.spec.Type != typeOCI:
		return ui.WithHint(fmt.Errorf("writing %d images to %s: type=%s holds one image for one platform", len(p.items), p.dest, k.spec.Type),
			"write dest=FOLDER/ or put {name} and {arch} into dest, or use type=oci, which holds them all")
	case p.dest == stdout && ui.IsTerminal(k.stdout):
		return ui.WithHint(errors.New("writing an archive to a terminal"), "name a file with dest=FILE, or redirect the output")
	case p.dest == stdout:
		return nil
	case !k.spec.Folder:
		return replaceableFile(p.dest)
	}
	return replaceable(p.dest, k.spec.Type == typeOCI)
}

// replaceableFile returns an error when something is there that is no file: a
// device or a pipe would be replaced by the archive, not written to.
func replaceableFile(dest string) error {
	info, err := os.Lstat(dest)
	if err != nil || info.Mode().IsRegular() {
		return nil // what else is wrong, making the stage tells
	}
	return ui.WithHint(fmt.Errorf("writing %s: it is there, and is no regular file", dest), "name a file, or write dest=- and redirect the output")
}

// layoutEntries are what an image layout has at its top, and what the builder's
// uploads leave there.
var layoutEntries = []string{"oci-layout", "index.json", "blobs", "ingest"}

// replaceable returns an error when a folder is there and is more than an empty
// one or, where that is wanted, an image layout: whoever names it by mistake
// must not lose it.
func replaceable(dest string, layout bool) error {
	if isWorkingFolder(dest) {
		return ui.WithHint(fmt.Errorf("writing %s: it is the working folder, which cannot be replaced", dest), "name a folder in it")
	}
	entries, err := os.ReadDir(dest)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	other := slices.ContainsFunc(entries, func(e os.DirEntry) bool { return !slices.Contains(layoutEntries, e.Name()) })
	if _, missing := os.Stat(filepath.Join(dest, "oci-layout")); err == nil && layout && missing == nil && !other {
		return nil
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", dest, err)
	}
	return ui.WithHint(fmt.Errorf("writing %s: the folder is not empty", dest), "name one that is not there, or remove it")
}

// isWorkingFolder reports whether a path is the folder where the program runs.
func isWorkingFolder(dest string) bool {
	info, err := os.Stat(dest)
	here, failed := os.Stat(".")
	return err == nil && failed == nil && os.SameFile(info, here)
}

// begin makes the stage of a place.
func (k *Sink) begin(p *place) (err error) {
	dir := filepath.Dir(p.dest)
	if p.dest == stdout {
		dir = os.TempDir()
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if k.spec.Type == typeOCI || k.spec.Folder {
		if p.stage, err = os.MkdirTemp(dir, ".oarbuild-*"); err != nil {
			return err
		}
		if err := os.Chmod(p.stage, 0o755); err != nil || k.spec.Type != typeOCI {
			return err
		}
		logrus.SetLevel(logrus.PanicLevel) // containerd's code logs what its callers are told as well
		p.store, err = local.NewStore(p.stage)
		return err
	}
	if p.dest == stdout {
		return nil
	}
	file, err := os.CreateTemp(dir, ".oarbuild-*")
	if err != nil {
		return err
	}
	p.stage = file.Name()
	return errors.Join(file.Chmod(0o644), file.Close())
}

// Export returns how the builder is to write an item.
func (k *Sink) Export(item int) buildkit.Export {
	p := k.of[item]
	e := buildkit.Export{Type: k.spec.Type, Store: p.store}
	switch {
	case k.spec.Type == typeLocal:
		e.Dir = p.stage
	case p.dest == stdout:
		e.Open = func() (io.WriteCloser, error) { return unclosed{k.stdout}, nil }
	default:
		e.Open = func() (io.WriteCloser, error) { return os.OpenFile(p.stage, os.O_WRONLY|os.O_TRUNC, 0) }
	}
	return e
}

// unclosed is a writer that stays open, for it is somebody else's.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

// Abort removes what has not got to its place. It may be called of no sink, and
// after [Sink.Commit].
func (k *Sink) Abort() error {
	if k == nil {
		return nil
	}
	var err error
	for _, p := range k.places {
		if p.stage != "" {
			err = errors.Join(err, os.RemoveAll(p.stage))
		}
	}
	return err
}
