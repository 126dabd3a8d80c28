package recipes

import "github.com/goccy/go-yaml/ast"

// each calls decode for each entry of a list.
func (d *decoder) each(n ast.Node, what string, decode func(ast.Node)) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		d.mistake(d.position(n), "%s must be a list, not %s", what, kindOf(n))
		return
	}
	for _, value := range list.Values {
		decode(value)
	}
}

// list decodes a list of scalars. The list is never nil, so that an empty one
// differs from one that is not given.
func (d *decoder) list(n ast.Node, what string) []text {
	texts := []text{}
	d.each(n, what, func(n ast.Node) {
		if t, ok := d.scalar(n, "an entry of "+what); ok {
			texts = append(texts, t)
		}
	})
	return texts
}

// into returns a decoder of one scalar.
func (d *decoder) into(t *text, what string) func(ast.Node) {
	return func(n ast.Node) { *t, _ = d.scalar(n, what) }
}

// scalar decodes a value that is one text. Numbers and booleans stay as they
// are written: 3.10 is not 3.1.
func (d *decoder) scalar(n ast.Node, what string) (text, bool) {
	t := text{at: d.position(n)}
	switch n := n.(type) {
	case *ast.StringNode:
		t.value = n.Value
	case *ast.LiteralNode:
		t.value = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		t.value = n.GetToken().Value
	default:
		d.mistake(t.at, "%s must be a text, not %s", what, kindOf(n))
		t.bad = true
		return t, false
	}
	return t, true
}

// kindOf names the kind of a node as a user would.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	}
	return "a text"
}
