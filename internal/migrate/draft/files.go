package draft

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxHere bounds a file that is written by a step instead of from a folder.
	maxHere = 4 << 10
	// stage is where files wait for the step that puts them into their place.
	stage = "/usr/share/oarbuild-import"
)

// File is a file that goes into the image.
type File struct {
	Data []byte
	// Mode holds permissions; 0 is 0755 for what begins with #! and 0644 else,
	// as recipes have it.
	Mode uint32
}

// tree is a folder of files beside the recipe, of one owner.
type tree struct {
	name, owner, from string
	files             map[string]File
}

// pathRule is an absolute, clean path.
var pathRule = regexp.MustCompile(`^(/([^./][^/]*|\.[^./][^/]*|\.\.[^/]+))+$`)

// Write puts files, by absolute path, into the image; "" is root's. Files whose
// place an earlier step may have touched are put there by a step of their own.
func (d *Draft) Write(from, name, owner string, files map[string]File) {
	for _, p := range slices.Sorted(maps.Keys(files)) {
		if !pathRule.MatchString(p) {
			d.Leave(from, name, "%q is no absolute path", p)
			return
		}
		if useless[noSources].MatchString(p) && len(files) == 1 {
			d.Leave(from, name+": "+p, noSources)
			return
		}
	}
	switch {
	case !d.touched(files):
		d.put(from, owner, "", files)
	case len(files) == 1 && owner == "" && here(files):
		for p, f := range files {
			d.steps = append(d.steps, step{d.unused(name), "mkdir -p " + quote(path.Dir(p)) + "\n" + document(">", p, string(f.Data), false), from, false})
		}
	default:
		d.staged++
		folder := fmt.Sprintf("%s/%d", stage, d.staged)
		d.put(from, owner, folder, files)
		d.steps = append(d.steps, step{d.unused(name), "cp -a " + folder + "/. /\nrm -rf " + folder + "\n", from, false})
		d.Carry(from, name, "the files wait in %s, for steps before this one touch their place", folder)
	}
}

// put adds files below a folder to the tree of their owner.
func (d *Draft) put(from, owner, below string, files map[string]File) {
	i := slices.IndexFunc(d.trees, func(t *tree) bool { return t.owner == owner })
	if i < 0 {
		i = len(d.trees)
		name := d.Name
		if owner != "" {
			name += "-" + strings.NewReplacer(":", "-", "/", "-").Replace(owner)
		}
		d.trees = append(d.trees, &tree{name, owner, from, map[string]File{}})
	}
	for p, f := range files {
		d.trees[i].files[strings.TrimPrefix(below+p, "/")] = f
	}
}

// touched reports whether a step before may have touched a place of the files:
// its text names the file or a folder of it below the top, or the file is in a
// home, which steps make.
func (d *Draft) touched(files map[string]File) bool {
	for p := range files {
		for _, s := range d.steps {
			if strings.HasPrefix(p, "/home/") || strings.HasPrefix(p, "/root/") {
				return true
			}
			for q := p; strings.Count(q, "/") > 1; q = path.Dir(q) {
				if strings.Contains(s.sh, q) {
					return true
				}
			}
			if strings.Contains(s.sh, "systemctl") && (strings.HasPrefix(p, "/etc/systemd/") || strings.HasPrefix(p, "/lib/systemd/")) {
				return true
			}
		}
	}
	return false
}

// here reports whether the one file is a short text with default permissions.
func here(files map[string]File) bool {
	for _, f := range files {
		return len(f.Data) <= maxHere && f.Mode == 0 && utf8.Valid(f.Data) && !bytes.ContainsRune(f.Data, 0) && !bytes.HasPrefix(f.Data, []byte("#!"))
	}
	return false
}

// Text returns the script that writes a text to a file, or with ">>" adds to
// it. With expand the shell expands what the text has of it.
func Text(operator, file, text string, expand bool) string {
	return "mkdir -p " + path.Dir(file) + "\n" + document(operator, file, text, expand)
}

func document(operator, file, text string, expand bool) string {
	end := delimiter(text, "END_OF_FILE")
	word := "'" + end + "'"
	if expand {
		word = end
	}
	return "cat " + operator + file + " <<" + word + "\n" + strings.TrimRight(text, "\n") + "\n" + end + "\n"
}

// quote makes a text one word of the shell.
func quote(text string) string {
	if regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]+$`).MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// Files returns the files that the recipe needs beside it, by path.
func (d *Draft) Files() map[string]File {
	all := map[string]File{}
	for _, t := range d.trees {
		for p, f := range t.files {
			all[t.name+"/"+p] = f
		}
	}
	return all
}
