package strict

import (
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/oarcluster/oarcluster/recipes/grammar"
)

// Text is a scalar as written.
type Text struct {
	Value string
	At    Position
	Rule  *grammar.Text
	// Bad marks a value of the wrong kind, or a mapping with a key that nobody
	// knows, which has been reported.
	Bad bool
}

// Node is a value as written. One that is not given is zero.
type Node struct {
	Text
	// List, Pairs and Keys are not nil when the value is a list, a mapping of
	// the user's keys, or one of known keys.
	List  []Node
	Pairs []Pair
	Keys  map[string]Node
}

// Pair is an entry of a mapping whose keys are the user's.
type Pair struct {
	Key   Text
	Value Node
}

// Get returns the value of a known key.
func (n Node) Get(key string) Node { return n.Keys[key] }

// Given reports whether the value was written.
func (n Node) Given() bool { return n.At.IsSet() }

// Entries returns the entries of a list, for which its only entry may stand.
func (n Node) Entries() []Node {
	if n.List == nil && n.Given() && !n.Bad {
		return []Node{n}
	}
	return n.List
}

// position returns where a node is.
func (d *decoder) position(n ast.Node) Position {
	at := place(n.GetToken())
	if m, ok := n.(ast.MapNode); ok {
		if iter := m.MapRange(); iter.Next() && n.GetToken().Value != "{" {
			at = place(iter.Key().GetToken())
		}
	}
	at.File = d.file
	at.End = max(at.Line, lastLine(n))
	return at
}

// lastLine returns the last line that a node takes.
func lastLine(n ast.Node) int {
	last := 0
	ast.Walk(visitor(func(n ast.Node) {
		line := place(n.GetToken()).Line
		if l, ok := n.(*ast.LiteralNode); ok {
			line += 1 + strings.Count(strings.TrimRight(l.Value.Value, "\n"), "\n")
		}
		last = max(last, line)
	}), n)
	return last
}

// visitor calls itself for each node of a tree.
type visitor func(ast.Node)

func (v visitor) Visit(n ast.Node) ast.Visitor {
	v(n)
	return v
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

// kindsOf names the kinds that a value may have.
func kindsOf(v grammar.Value) string {
	var kinds []string
	for _, kind := range []struct {
		name string
		may  bool
	}{
		{"a text", v.Text != nil},
		{"a list", v.List != nil},
		{"a mapping", v.Object != nil || v.Map != nil},
	} {
		if kind.may {
			kinds = append(kinds, kind.name)
		}
	}
	return strings.Join(kinds, " or ")
}
