package recipes

import "github.com/oarcluster/oarcluster/recipes/grammar"

// part is one text of a recipe as written: its own, or one that it includes.
type part struct {
	file, near string
	text       []byte
	root       node
	// by is the include that brought the part, in the text of another one.
	by     text
	byText []byte
}

// recipe is one link of a chain, with what it includes before its own part.
type recipe struct {
	*part
	parts []*part
	// from names the recipe below. It is empty when that is debian, an image, or
	// a recipe written out in this one.
	from, debian, base text
	below              *recipe
}

// decode reads a text and records what is wrong with it. It answers a part even
// then, so that further mistakes can be found.
func decode(file, near string, data []byte, as *grammar.Object, mistakes *mistakes) *part {
	p := &part{file: file, near: near, text: clean(data)}
	d := &decoder{file: file, text: p.text, mistakes: mistakes}
	if root := d.scan(); root != nil {
		p.root = d.value(root, grammar.Value{Object: as}, as.Name)
	}
	return p
}

// link makes a link of a chain of a part. What it includes is the loader's to add.
func link(p *part) *recipe {
	from := p.root.get("from")
	r := &recipe{part: p, from: from.text}
	if from.keys == nil {
		return r
	}
	r.from = text{at: from.at}
	r.debian, r.base = from.get("debian").text, from.get("image").text
	if inline := from.get("recipe"); inline.given() {
		r.below = link(&part{file: p.file, near: p.near, text: p.text, root: inline})
	}
	return r
}
