package files

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/configs"
	"github.com/oarcluster/oarcluster/internal/debian/lock"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// folder is what is exported, by absolute path, as if the folder were
// the whole of the disk.
type folder struct {
	recipe string // path of the recipe
	files  map[string]content
}

// content is where a path comes from: a text, a place on disk, or one of the
// program's own files.
type content struct {
	text       []byte
	place, own string
}

func (s content) is(other content) bool {
	return s.place == other.place && s.own == other.own && string(s.text) == string(other.text)
}

// add notes what goes to a path. Two different things cannot.
func (e *folder) add(file string, s content) error {
	if old, ok := e.files[file]; ok && !old.is(s) {
		return ui.WithHint(fmt.Errorf("exporting: two different files would be %s", file), "the recipe and one of the program's own use the same name: rename yours")
	}
	e.files[file] = s
	return nil
}

// collect notes all that a resolved recipe needs.
func (e *folder) collect(r *recipes.Resolved) error {
	home := "/oarbuild/recipes" // of recipes that come with the program
	if !strings.HasPrefix(r.File, shippedFile) {
		abs, err := filepath.Abs(r.File)
		if err != nil {
			return fmt.Errorf("exporting: %w", err)
		}
		home = filepath.Dir(abs)
	}
	c := &collector{folder: e, home: home, texts: maps.Clone(r.Texts)}
	for _, level := range r.Levels[1:] {
		for _, f := range level.Files {
			if err := c.tree(f); err != nil {
				return err
			}
		}
	}
	for _, s := range r.Sources {
		if err := c.keyring(s); err != nil {
			return err
		}
	}
	for file, text := range c.texts {
		if err := e.add(c.path(file), content{text: text}); err != nil {
			return err
		}
	}
	e.recipe = c.path(r.File)
	locked := lock.FileName(r.File, r.Suite.Name)
	if _, err := os.Stat(locked); err == nil {
		return e.add(filepath.Join(filepath.Dir(e.recipe), filepath.Base(locked)), content{place: locked})
	}
	return nil
}

// shippedFile begins the names of recipes that come with the program.
const shippedFile = "shipped:"

// collector notes what one resolved recipe needs.
type collector struct {
	*folder
	home  string
	texts map[string][]byte
}

// path returns where a recipe's file goes.
func (c *collector) path(file string) string {
	if own, ok := strings.CutPrefix(file, shippedFile); ok {
		return filepath.Join(c.home, own)
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return filepath.Join(c.home, filepath.Base(file))
	}
	return abs
}

// tree notes the files of an entry.
func (c *collector) tree(f recipes.Files) error {
	place, _, err := locate(f)
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(f.From, shippedFile):
		return nil
	case place == "":
		near := filepath.Dir(c.path(f.At.File))
		return c.add(filepath.Join(near, "..", "configs", f.Own()), content{own: f.Own()})
	case filepath.IsAbs(f.From):
		return c.outside(f.At, "from", f.From)
	}
	abs, err := filepath.Abs(place)
	if err != nil {
		return fmt.Errorf("exporting: %w", err)
	}
	return c.add(abs, content{place: place})
}

// keyring notes the file of a source's key.
func (c *collector) keyring(s recipes.Source) error {
	if s.Keyring == "" {
		return nil
	}
	abs, err := filepath.Abs(s.Keyring)
	if err != nil {
		return fmt.Errorf("exporting: %w", err)
	}
	if strings.Contains(string(c.texts[s.At.File]), abs) {
		return c.outside(s.At, "keyring", abs)
	}
	return c.add(abs, content{place: s.Keyring})
}

// outside notes a file that a recipe names by an absolute path, and rewrites that
// path in the recipe's copy.
func (c *collector) outside(at recipes.Position, key, place string) error {
	near := filepath.Dir(c.path(at.File))
	named := regexp.MustCompile(`(\b` + key + `:\s*["']?)` + regexp.QuoteMeta(place) + `(["'\s,}]|$)`)
	lines := strings.SplitAfter(string(c.texts[at.File]), "\n")
	for i := at.Line - 1; i < at.End; i++ {
		if named.MatchString(lines[i]) {
			lines[i] = named.ReplaceAllString(lines[i], "${1}../outside"+strings.ReplaceAll(place, "$", "$$")+"${2}")
			c.texts[at.File] = []byte(strings.Join(lines, ""))
			return c.add(filepath.Join(near, "..", "outside", place), content{place: place})
		}
	}
	return ui.WithHint(fmt.Errorf("exporting: %s: the path %s is made of variables", at, place), "write it relative to the recipe")
}

// write makes the folder, and returns the path of the recipe in it.
func (e *folder) write(dir string) (string, error) {
	root := filepath.Dir(filepath.Dir(e.recipe))
	for file := range e.files {
		for !strings.HasPrefix(file, strings.TrimSuffix(root, "/")+"/") {
			root = filepath.Dir(root)
		}
	}
	folder, err := os.OpenRoot(dir)
	if err != nil {
		return "", fmt.Errorf("exporting: %w", err)
	}
	defer folder.Close()
	for _, file := range slices.Sorted(maps.Keys(e.files)) {
		s := e.files[file]
		to := strings.TrimPrefix(strings.TrimPrefix(file, root), "/")
		if err := folder.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return "", fmt.Errorf("exporting %s: %w", file, err)
		}
		var err error
		switch {
		case s.place != "":
			err = copyTree(os.DirFS(filepath.Dir(s.place)), filepath.Base(s.place), folder, to)
		case s.own != "":
			err = copyTree(configs.FS, s.own, folder, to)
		default:
			err = addFile(folder, to, s.text)
		}
		if err != nil {
			return "", fmt.Errorf("exporting %s: %w", file, err)
		}
	}
	return strings.TrimPrefix(strings.TrimPrefix(e.recipe, root), "/"), nil
}
