package recipes

import (
	"github.com/oarcluster/oarcluster/internal/strict"
	"github.com/oarcluster/oarcluster/recipes/grammar"
)

// What is read strictly.
type (
	node     = strict.Node
	text     = strict.Text
	pair     = strict.Pair
	mistakes = strict.Mistakes
	// Position is a place in a recipe.
	Position = strict.Position
)

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

// maxBytes bounds a recipe: those that come with the program have a few thousand.
const maxBytes = 64 << 10

// decode reads a text and records what is wrong with it. It answers a part even
// then, so that further mistakes can be found.
func decode(file, near string, data []byte, as *grammar.Object, mistakes *mistakes) *part {
	p := &part{file: file, near: near}
	p.root, p.text = strict.Decode(file, data, strict.Kind{Name: "recipe", Max: maxBytes}, as, mistakes)
	return p
}

// link makes a link of a chain of a part. What it includes is the loader's to add.
func link(p *part) *recipe {
	from := p.root.Get("from")
	r := &recipe{part: p, from: from.Text}
	if from.Keys == nil {
		return r
	}
	r.from = text{At: from.At}
	r.debian, r.base = from.Get("debian").Text, from.Get("image").Text
	if inline := from.Get("recipe"); inline.Given() {
		r.below = link(&part{file: p.file, near: p.near, text: p.text, root: inline})
	}
	return r
}
