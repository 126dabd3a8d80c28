// Package recipes is the language in which oarbuild's images are written, and
// the recipes that come with the program.
//
// # The language
//
// A recipe is one YAML document:
//
//	name: node                       # image REPO/node
//	from: base                       # another recipe, {debian: "${suite}"}, or {image: NAME@sha256:…}
//	packages: [oar-node]
//	run:
//	  - {name: enable oar-node, sh: systemctl enable oar-node}
//
// Package grammar has the table of all keys; docs/recipe.md tells the whole.
//
// A recipe that comes from another one adds to it: each is a level of its own.
// What a recipe includes is part of its level.
//
// ${name} is a variable: lower-case letters, digits and _. Its value is the one
// of --set, else the recipe's, else that of what it includes, else the one of the
// recipe it comes from, else built in. A script's own $name and ${NAME} are left
// alone; $${name} gives the script a ${name}.
//
// # Strictness
//
// Decoding is strict: an unknown key, a key given twice, a value of the wrong
// kind, an anchor, an alias or a tag is a mistake. All mistakes are reported at
// once, each with file, line and column (see [Load]).
//
// # Boundaries
//
// The package is pure: no files but those that a caller's function reads, no
// network, clock or environment.
package recipes

import (
	"path"
	"strings"
	"time"
)

// Package is a Debian package that a recipe asks for, and where it does.
type Package struct {
	Name string
	At   Position
	// platforms are those that it is for, nil for all.
	platforms []string
}

// Source is a further apt archive, signed by a key of its own.
type Source struct {
	Name       string
	URL, Suite string
	Components []string
	// Key is the armoured public key.
	Key []byte
	// Keyring is the file that the key is from, "" when the recipe holds it.
	Keyring   string
	At        Position
	platforms []string
}

// Files is a tree of files, or a single file, that goes into the image.
type Files struct {
	// From is the folder of the tree or the file, a slash-separated path: see
	// Places.
	From string
	// Near is the folder of the recipe, "" for a recipe of the program itself.
	Near string
	// To is the absolute, clean path where the tree or the file goes.
	To string
	// Mode holds permissions, 04000 for setuid and so on as chmod(1) has them,
	// by path in the tree; "." is what From names itself. Other folders have
	// 0755, files that begin with #! 0755, other files 0644.
	Mode map[string]uint32
	// Owner is "UID:GID" in numbers, "" for root.
	Owner string
	// Template lists the files in which variables are replaced: see Fill.
	Template  []string
	At        Position
	platforms []string
	vars      map[string]string
}

// Places lists where From may be on disk, the likeliest first: beside the
// recipe, then in the configs beside the recipe's folder. When it is in none, and
// for a recipe of the program itself, it is in the program's own configs. A path
// that is absolute, or begins with .., has one place only.
func (f Files) Places() []string {
	switch {
	case strings.HasPrefix(f.From, ownPrefix):
		return nil
	case path.IsAbs(f.From):
		return []string{f.From}
	case f.Near == "":
		return nil
	case strings.HasPrefix(f.From, "../"):
		return []string{path.Join(f.Near, f.From)}
	}
	return []string{path.Join(f.Near, f.From), path.Join(f.Near, "..", "configs", f.From)}
}

// Found returns the entry with the one place where From is, which is "" for the
// program's own configs.
func (f Files) Found(place string) Files {
	if place == "" {
		place = ownPrefix + f.Own()
	}
	f.From = place
	return f
}

// Own is the path of From among the program's own configs.
func (f Files) Own() string { return strings.TrimPrefix(f.From, ownPrefix) }

// Step is a shell script that runs in the image: /bin/sh -e, as root, without
// standard input.
type Step struct {
	Name, Sh string
	// Args are "$1" and so on of the script.
	Args []string
	// Network is "none" or "host".
	Network string
	// Secrets are the ids of files that the script finds in /run/secrets.
	Secrets []string
	// SSH gives the script the agent of who builds.
	SSH bool
	// Timeout ends a script that takes longer; 0 lets it run.
	Timeout time.Duration
	// Needs are the files of recipes that the script needs, as paths in the
	// image, a folder for all that is below it. With them, empty or not, the
	// step runs before all other files are there; nil lets it see all of them.
	Needs     []string
	At        Position
	platforms []string
}

// Image is what an image's configuration holds, in the terms of the OCI image
// specification. Expose holds ports such as "80/tcp".
type Image struct {
	Entrypoint, Cmd           []string
	Env, Labels               map[string]string
	Expose, Volumes           []string
	User, Workdir, StopSignal string
}

// Level is what one recipe of a chain adds to the levels below it. The lowest
// level is the bare Debian base, with the files that every image has.
type Level struct {
	Name     string
	Packages []Package
	Files    []Files
	Run      []Step
}

// Var is a variable, its value, and where that comes from: "--set",
// "built in", or the place in a recipe.
type Var struct {
	Name, Value, Origin string
	// Type is string, int, bool or enum. Values are those of an enum, Pattern
	// is what a string matches. Help tells what it is for.
	Type, Pattern, Help string
	Values              []string
}

// Resolved is a recipe with its variables replaced, as the chain of levels that
// it comes from.
type Resolved struct {
	// Name is the image's name, File the recipe's.
	Name, File      string
	Suite           Suite
	Tags, Platforms []string
	// Base is the image that the lowest level is, NAME@sha256:…, or "" for the
	// bare Debian base.
	Base string
	// Sources are merged along the chain.
	Sources []Source
	// Levels run from the bare Debian base up to the recipe itself.
	Levels []Level
	// Image is merged along the chain.
	Image Image
	// Vars is sorted by name.
	Vars []Var
	// Texts holds the text of each recipe of the chain by its file's name, for
	// messages that show a line.
	Texts map[string][]byte
}
