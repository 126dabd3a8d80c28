// Package strict reads YAML by a table of package grammar: keys that it does not
// know, that are given twice or are of the wrong kind are mistakes with their file,
// line and column, and all of them are told at once.
//
// # Policy
//
// What lets a short text grow without bound or mean something else than it shows is
// refused: anchors, tags, merge keys, deep nesting, long files.
//
// # Boundaries
//
// Pure: texts come in as bytes. What values mean together is the caller's to check.
package strict

import (
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/oarcluster/oarcluster/internal/suggest"
	"github.com/oarcluster/oarcluster/recipes/grammar"
)

// decoder reads one text by the table of package grammar and records its
// mistakes.
type decoder struct {
	file     string
	text     []byte
	kind     Kind
	mistakes *Mistakes
}

// Kind is what a text is.
type Kind struct {
	Name string // in messages, as "recipe"
	// Max is how many bytes it may have. Far above what one needs, it keeps a hostile
	// text from exhausting memory.
	Max int
}

// Decode reads a text as an object, and records what is wrong with it. It answers
// what it could read even then, so that further mistakes can be found, and the text
// that positions are of.
func Decode(file string, data []byte, kind Kind, as *grammar.Object, m *Mistakes) (Node, []byte) {
	d := &decoder{file: file, text: clean(data), kind: kind, mistakes: m}
	root := d.scan()
	if root == nil {
		return Node{}, d.text
	}
	return d.value(root, grammar.Value{Object: as}, as.Name), d.text
}

func (d *decoder) mistake(at Position, format string, args ...any) {
	at.File = d.file
	d.mistakes.Add(d.text, at, format, args...)
}

// value decodes what may be written in the ways of v. what names it in messages.
func (d *decoder) value(n ast.Node, v grammar.Value, what string) Node {
	_, isMap := n.(ast.MapNode)
	sequence, isList := n.(*ast.SequenceNode)
	switch {
	case isMap && v.Object != nil:
		return d.object(n, v.Object)
	case isMap && v.Map != nil:
		return d.pairs(n, v.Map, what)
	case isList && v.List != nil:
		return d.list(sequence, *v.List, what)
	case !isMap && !isList && v.Text != nil:
		return Node{Text: d.scalar(n, v.Text, what)}
	}
	at := d.position(n)
	d.mistake(at, "%s must be %s, not %s", what, kindsOf(v), kindOf(n))
	return Node{Text: Text{At: at, Bad: true}}
}

// object decodes a mapping with known keys.
func (d *decoder) object(n ast.Node, o *grammar.Object) Node {
	made := Node{Text: Text{At: d.position(n)}, Keys: map[string]Node{}}
	seen, unknown := map[string]int{}, 0
	for iter := n.(ast.MapNode).MapRange(); iter.Next(); {
		name := d.key(iter.Key())
		known := o.Key(name.Value)
		switch line, twice := seen[name.Value]; {
		case twice:
			d.mistake(name.At, "key %q is given twice, first on line %d", name.Value, line)
		case known == nil:
			unknown++
			d.mistake(name.At, "unknown key %q%s%s", name.Value, in(o), suggest.For(name.Value, o.Names()))
		default:
			made.Keys[name.Value] = d.value(iter.Value(), known.Value, name.Value)
		}
		if _, ok := seen[name.Value]; !ok {
			seen[name.Value] = name.At.Line
		}
	}
	made.Bad = unknown > 0
	d.complete(made, o)
	return made
}

// complete looks for keys that are missing, or that exclude each other. A key
// that is not known may be meant for one of several.
func (d *decoder) complete(n Node, o *grammar.Object) {
	at := n.At
	if o.Whole {
		at.Col = 1
	}
	for _, k := range o.Keys {
		if _, ok := n.Keys[k.Name]; k.Required && !ok {
			d.mistake(at, "%s is missing%s", k.Name, in(o)+tell(k.Value))
		}
	}
	if o.One == nil {
		return
	}
	var given []string
	for _, name := range o.One {
		if _, ok := n.Keys[name]; ok {
			given = append(given, name)
		}
	}
	switch {
	case len(given) == 0 && !n.Bad:
		d.mistake(n.At, "%s is missing%s: %s", strings.Join(o.One, " or "), in(o), o.Say)
	case len(given) > 1:
		d.mistake(n.Keys[given[1]].At, "%s exclude each other%s: %s", strings.Join(given, " and "), in(o), o.Say)
	}
}

// tell ends the message about a missing key with what it may be.
func tell(v grammar.Value) string {
	if v.Object != nil && v.Object.Say != "" {
		return ": " + v.Object.Say
	}
	return ""
}

// in says in which mapping a key is, but for the whole document.
func in(o *grammar.Object) string {
	if o.Whole && !o.Included {
		return ""
	}
	return " in " + o.Name
}

// pairs decodes a mapping whose keys are the user's, in the order written.
func (d *decoder) pairs(n ast.Node, m *grammar.Map, what string) Node {
	made := Node{Text: Text{At: d.position(n)}, Pairs: []Pair{}}
	seen := map[string]int{}
	for iter := n.(ast.MapNode).MapRange(); iter.Next(); {
		name := d.key(iter.Key())
		if line, twice := seen[name.Value]; twice {
			d.mistake(name.At, "key %q is given twice, first on line %d", name.Value, line)
			continue
		}
		seen[name.Value] = name.At.Line
		if name.Rule = m.Key; m.Key.Fixed && !m.Key.Allows(name.Value) {
			d.mistake(name.At, "%s %q: %s", m.Key.What, name.Value, m.Key.Say)
		}
		made.Pairs = append(made.Pairs, Pair{name, d.value(iter.Value(), m.Value, what+" "+name.Value)})
	}
	return made
}

// list decodes a list. It is never nil, so that an empty one differs from one
// that is not given.
func (d *decoder) list(n *ast.SequenceNode, each grammar.Value, what string) Node {
	made := Node{Text: Text{At: d.position(n)}, List: []Node{}}
	for _, value := range n.Values {
		made.List = append(made.List, d.value(value, each, "an entry of "+what))
	}
	return made
}

// scalar decodes a value that is one text. Numbers and booleans stay as they
// are written: 3.10 is not 3.1.
func (d *decoder) scalar(n ast.Node, rule *grammar.Text, what string) Text {
	t := Text{At: d.position(n), Rule: rule}
	switch n := n.(type) {
	case *ast.StringNode:
		t.Value = n.Value
	case *ast.LiteralNode:
		t.Value = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		t.Value = n.GetToken().Value
	default:
		d.mistake(t.At, "%s must be a text, not %s", what, kindOf(n))
		t.Bad = true
		return t
	}
	if rule.Fixed && !rule.Allows(t.Value) {
		d.mistake(t.At, "%s %q: %s", rule.What, t.Value, rule.Say)
		t.Bad = true
	}
	return t
}

func (d *decoder) key(n ast.MapKeyNode) Text {
	at := place(n.GetToken())
	at.File = d.file
	return Text{Value: n.GetToken().Value, At: at}
}
