package recipes

import "github.com/goccy/go-yaml/ast"

func (d *decoder) archive(r *recipe, n ast.Node) {
	a := archive{at: d.position(n)}
	d.mapping(n, "sources", fields{
		"name":       d.into(&a.name, "name"),
		"url":        d.into(&a.url, "url"),
		"suite":      d.into(&a.suite, "suite"),
		"components": func(n ast.Node) { a.components = d.list(n, "components") },
		"keyring":    d.into(&a.keyring, "keyring"),
		"key":        d.into(&a.key, "key"),
		"when":       func(n ast.Node) { a.when = d.condition(n) },
	})
	r.sources = append(r.sources, a)
}

// request decodes a package: its name, or a mapping when it has a condition.
func (d *decoder) request(r *recipe, n ast.Node) {
	p := request{at: d.position(n)}
	if _, ok := n.(ast.MapNode); ok {
		d.mapping(n, "packages", fields{
			"name": d.into(&p.name, "name"),
			"when": func(n ast.Node) { p.when = d.condition(n) },
		})
	} else {
		p.name, _ = d.scalar(n, "an entry of packages")
	}
	r.packages = append(r.packages, p)
}

func (d *decoder) fileTree(r *recipe, n ast.Node) {
	f := fileTree{at: d.position(n)}
	d.mapping(n, "files", fields{
		"from":  d.into(&f.from, "from"),
		"to":    d.into(&f.to, "to"),
		"mode":  func(n ast.Node) { f.mode = d.modes(n) },
		"owner": d.into(&f.owner, "owner"),
		"when":  func(n ast.Node) { f.when = d.condition(n) },
	})
	r.files = append(r.files, f)
}

// modes decodes modes by path, or the one mode of a single file.
func (d *decoder) modes(n ast.Node) []pair {
	switch n.(type) {
	case ast.MapNode, *ast.SequenceNode:
		return d.pairs(n, "mode")
	}
	mode, _ := d.scalar(n, "mode")
	return []pair{{text{value: itself, at: mode.at}, mode}}
}

func (d *decoder) script(r *recipe, n ast.Node) {
	s := script{at: d.position(n)}
	d.mapping(n, "run", fields{
		"name":    d.into(&s.name, "name"),
		"sh":      d.into(&s.sh, "sh"),
		"args":    func(n ast.Node) { s.args = d.list(n, "args") },
		"network": d.into(&s.network, "network"),
		"secrets": func(n ast.Node) { s.secrets = d.list(n, "secrets") },
		"ssh":     d.into(&s.ssh, "ssh"),
		"timeout": d.into(&s.timeout, "timeout"),
		"when":    func(n ast.Node) { s.when = d.condition(n) },
	})
	r.run = append(r.run, s)
}

func (d *decoder) condition(n ast.Node) condition {
	var c condition
	d.mapping(n, "when", fields{
		"suite":    func(n ast.Node) { c.suites = d.oneOrList(n, "suite") },
		"platform": func(n ast.Node) { c.platforms = d.oneOrList(n, "platform") },
	})
	return c
}

// oneOrList decodes a list, for which its only entry may stand.
func (d *decoder) oneOrList(n ast.Node, what string) []text {
	if _, ok := n.(*ast.SequenceNode); ok {
		return d.list(n, what)
	}
	if t, ok := d.scalar(n, what); ok {
		return []text{t}
	}
	return nil
}
