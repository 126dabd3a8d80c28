package recipes

import (
	"cmp"

	"github.com/goccy/go-yaml/ast"
)

// fromText says what from may be.
const fromText = `name a recipe, or write {debian: "${suite}"}`

// recipe is a recipe as written. Lists that are not given are nil.
type recipe struct {
	file, near string
	text       []byte
	name, from text
	// debian is the suite of `from: {debian: …}`.
	debian          text
	vars            []pair
	tags, platforms []text
	packages        []text
	files           []fileTree
	run             []script
	image           imageConfig
}

type fileTree struct {
	from, to text
	mode     []pair
	at       Position
}

type script struct {
	name, sh, network text
	at                Position
}

type imageConfig struct {
	entrypoint, cmd           []text
	env, labels               []pair
	expose, volumes           []text
	user, workdir, stopSignal text
}

// decode reads a recipe and records what is wrong with it. It answers a recipe
// even then, so that further mistakes can be found.
func decode(file, near string, data []byte, mistakes *Mistakes) *recipe {
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
		"packages":  func(n ast.Node) { r.packages = d.list(n, "packages") },
		"files":     func(n ast.Node) { d.each(n, "files", func(n ast.Node) { d.fileTree(r, n) }) },
		"run":       func(n ast.Node) { d.each(n, "run", func(n ast.Node) { d.script(r, n) }) },
		"image":     func(n ast.Node) { d.image(&r.image, n) },
	})
	top := Position{Line: 1, Col: 1}
	if r.name == (text{}) {
		d.mistake(top, "name is missing")
	}
	switch from := r.from; {
	case from == (text{}) && r.debian == (text{}):
		d.mistake(top, "from is missing: %s", fromText)
	case from.bad || r.debian.bad:
	case from.value == "" && r.debian.value == "":
		d.mistake(cmp.Or(from.at, r.debian.at), "from is empty: %s", fromText)
	}
	return r
}

func (d *decoder) from(r *recipe, n ast.Node) {
	if m, ok := n.(ast.MapNode); ok {
		r.debian = text{at: d.position(n), bad: m.MapRange().Next()}
		d.mapping(n, "from", fields{"debian": d.into(&r.debian, "debian")})
		return
	}
	r.from, _ = d.scalar(n, "from")
}

func (d *decoder) fileTree(r *recipe, n ast.Node) {
	f := fileTree{at: d.position(n)}
	d.mapping(n, "files", fields{
		"from": d.into(&f.from, "from"),
		"to":   d.into(&f.to, "to"),
		"mode": func(n ast.Node) { f.mode = d.pairs(n, "mode") },
	})
	r.files = append(r.files, f)
}

func (d *decoder) script(r *recipe, n ast.Node) {
	s := script{at: d.position(n)}
	d.mapping(n, "run", fields{
		"name":    d.into(&s.name, "name"),
		"sh":      d.into(&s.sh, "sh"),
		"network": d.into(&s.network, "network"),
	})
	r.run = append(r.run, s)
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
