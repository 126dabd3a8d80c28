package recipes

import (
	"cmp"

	"github.com/goccy/go-yaml/ast"
)

// fromText says what from may be.
const fromText = `name a recipe, or write {debian: "${suite}"} or {image: NAME@sha256:…}`

// recipe is a recipe as written. Lists that are not given are nil.
type recipe struct {
	file, near string
	text       []byte
	name, from text
	// debian is the suite of `from: {debian: …}`, base the image of
	// `from: {image: …}`.
	debian, base    text
	vars            []pair
	tags, platforms []text
	sources         []archive
	packages        []request
	files           []fileTree
	run             []script
	image           imageConfig
}

type archive struct {
	name, url, suite, keyring, key text
	components                     []text
	when                           condition
	at                             Position
}

type request struct {
	name text
	when condition
	at   Position
}

type fileTree struct {
	from, to, owner text
	mode            []pair
	when            condition
	at              Position
}

type script struct {
	name, sh, network, ssh, timeout text
	args, secrets                   []text
	when                            condition
	at                              Position
}

// condition is where a part of a recipe holds. Lists that are not given are nil.
type condition struct{ suites, platforms []text }

type imageConfig struct {
	entrypoint, cmd           []text
	env, labels               []pair
	expose, volumes           []text
	user, workdir, stopSignal text
}

// decode reads a recipe and records what is wrong with it. It answers a recipe
// even then, so that further mistakes can be found.
func decode(file, near string, data []byte, mistakes *mistakes) *recipe {
	r := &recipe{file: file, near: near, text: clean(data)}
	d := &decoder{file: file, text: r.text, mistakes: mistakes}
	root := d.scan()
	if root == nil {
		return r
	}
	d.mapping(root, "recipe", fields{
		"$schema":   d.into(new(text), "$schema"),
		"name":      d.into(&r.name, "name"),
		"from":      func(n ast.Node) { d.from(r, n) },
		"vars":      func(n ast.Node) { r.vars = d.pairs(n, "vars") },
		"tags":      func(n ast.Node) { r.tags = d.list(n, "tags") },
		"platforms": func(n ast.Node) { r.platforms = d.list(n, "platforms") },
		"sources":   func(n ast.Node) { d.each(n, "sources", func(n ast.Node) { d.archive(r, n) }) },
		"packages":  func(n ast.Node) { d.each(n, "packages", func(n ast.Node) { d.request(r, n) }) },
		"files":     func(n ast.Node) { d.each(n, "files", func(n ast.Node) { d.fileTree(r, n) }) },
		"run":       func(n ast.Node) { d.each(n, "run", func(n ast.Node) { d.script(r, n) }) },
		"image":     func(n ast.Node) { d.image(&r.image, n) },
	})
	top := Position{Line: 1, Col: 1}
	if r.name == (text{}) {
		d.mistake(top, "name is missing")
	}
	switch from := cmp.Or(r.from, r.debian, r.base); {
	case from == (text{}):
		d.mistake(top, "from is missing: %s", fromText)
	case r.debian != (text{}) && r.base != (text{}):
		d.mistake(from.at, "from names both a release of Debian and an image: %s", fromText)
	case !from.bad && from.value == "":
		d.mistake(from.at, "from is empty: %s", fromText)
	}
	return r
}

func (d *decoder) from(r *recipe, n ast.Node) {
	if m, ok := n.(ast.MapNode); ok {
		empty := !m.MapRange().Next()
		d.mapping(n, "from", fields{"debian": d.into(&r.debian, "debian"), "image": d.into(&r.base, "image")})
		if r.debian == (text{}) && r.base == (text{}) {
			r.debian = text{at: d.position(n), bad: !empty}
		}
		return
	}
	r.from, _ = d.scalar(n, "from")
}

func (d *decoder) image(c *imageConfig, n ast.Node) {
	d.mapping(n, "image", fields{
		"entrypoint":  func(n ast.Node) { c.entrypoint = d.list(n, "entrypoint") },
		"cmd":         func(n ast.Node) { c.cmd = d.list(n, "cmd") },
		"env":         func(n ast.Node) { c.env = d.pairs(n, "env") },
		"labels":      func(n ast.Node) { c.labels = d.pairs(n, "labels") },
		"expose":      func(n ast.Node) { c.expose = d.list(n, "expose") },
		"volumes":     func(n ast.Node) { c.volumes = d.list(n, "volumes") },
		"user":        d.into(&c.user, "user"),
		"workdir":     d.into(&c.workdir, "workdir"),
		"stop_signal": d.into(&c.stopSignal, "stop_signal"),
	})
}
