// Package recipes is the language in which oarbuild's images are written, and
// the recipes that come with the program.
//
// # The language
//
// A recipe is one YAML document:
//
//	name: node                       # image REPO/node
//	from: base                       # another recipe, or {debian: "${suite}"}
//	vars: {greeting: hello}
//	tags: ["${oar}", latest]
//	platforms: [linux/amd64, linux/arm64]
//	packages: [oar-node]
//	files: [{from: node, to: /, mode: {etc/secret: "0440"}}]
//	run:
//	  - {name: enable oar-node, sh: systemctl enable oar-node, network: none}
//	image: {entrypoint: [..], cmd: [..], env: {K: V}, labels: {K: V}, expose: [80],
//	        volumes: [/data], user: docker, workdir: /data, stop_signal: SIGTERM}
//
// A recipe that comes from another one adds to it: packages, files and run come
// after its parent's; env, labels, expose and volumes are merged; tags,
// platforms, entrypoint, cmd, user, workdir and stop_signal replace the
// parent's.
//
// ${name} is a variable: lower-case letters, digits and _. Its value is the one
// of --set, else the recipe's, else the one of the recipe it comes from, else
// built in (oar, php, postgresql, suite and mirror, most of which depend on the
// suite). A script's own $name and ${NAME} are left alone; $${name} gives the
// script a ${name}.
//
// # Strictness
//
// Decoding is strict: an unknown key, a key given twice, a value of the wrong
// kind, an anchor, an alias or a tag is a mistake. All mistakes are reported at
// once, each with file, line and column (see [Mistakes]).
//
// # Boundaries
//
// The package is pure: no files but those that a caller's function reads, no
// network, clock or environment.
package recipes

import "path"

// Position is a place in a recipe. Lines and columns count from 1, columns in
// characters.
type Position struct {
	File      string
	Line, Col int
	// End is the last line of the thing at this place.
	End int
}

// Package is a Debian package that a recipe asks for, and where it does.
type Package struct {
	Name string
	At   Position
}

// Files is a tree of files that goes into the image.
type Files struct {
	// From is the folder of the tree, a slash-separated path: see Folders.
	From string
	// Near is the folder of the recipe, "" for a recipe of the program itself.
	Near string
	// To is the absolute, clean path where the tree goes.
	To string
	// Mode holds permissions, 04000 for setuid and so on as chmod(1) has them,
	// by path in the tree. Other folders have 0755, files that begin with #!
	// 0755, other files 0644.
	Mode map[string]uint32
	At   Position
}

// Folders lists where the tree may be on disk, the likeliest first: beside the
// recipe, then in the configs beside the recipe's folder. When none exists, and
// for a recipe of the program itself, it is From in the program's own configs.
func (f Files) Folders() []string {
	if f.Near == "" {
		return nil
	}
	return []string{path.Join(f.Near, f.From), path.Join(f.Near, "..", "configs", f.From)}
}

// Step is a shell script that runs in the image: /bin/sh -e, as root, without
// standard input.
type Step struct {
	Name, Sh string
	// Network is "none" or "host".
	Network string
	At      Position
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
type Var struct{ Name, Value, Origin string }

// Resolved is a recipe with its variables replaced, as the chain of levels that
// it comes from.
type Resolved struct {
	// Name is the image's name, File the recipe's.
	Name, File      string
	Suite           Suite
	Tags, Platforms []string
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
