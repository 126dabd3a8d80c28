package recipes

import (
	"slices"
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
	mistakes *mistakes
}

func (d *decoder) mistake(at Position, format string, args ...any) {
	at.File = d.file
	d.mistakes.add(d.text, at, format, args...)
}

// value decodes what may be written in the ways of v. what names it in messages.
func (d *decoder) value(n ast.Node, v grammar.Value, what string) node {
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
		return node{text: d.scalar(n, v.Text, what)}
	}
	at := d.position(n)
	d.mistake(at, "%s must be %s, not %s", what, kindsOf(v), kindOf(n))
	return node{text: text{at: at, bad: true}}
}

// object decodes a mapping with known keys.
func (d *decoder) object(n ast.Node, o *grammar.Object) node {
	made := node{text: text{at: d.position(n)}, keys: map[string]node{}}
	seen, unknown := map[string]int{}, 0
	for iter := n.(ast.MapNode).MapRange(); iter.Next(); {
		name := d.key(iter.Key())
		known := o.Key(name.value)
		switch line, twice := seen[name.value]; {
		case twice:
			d.mistake(name.at, "key %q is given twice, first on line %d", name.value, line)
		case known == nil:
			unknown++
			d.mistake(name.at, "unknown key %q%s%s", name.value, in(o), suggest.For(name.value, o.Names()))
		default:
			made.keys[name.value] = d.value(iter.Value(), known.Value, name.value)
		}
		if _, ok := seen[name.value]; !ok {
			seen[name.value] = name.at.Line
		}
	}
	made.bad = unknown > 0
	d.complete(made, o)
	return made
}

// complete looks for keys that are missing, or that exclude each other. A key
// that is not known may be meant for one of several.
func (d *decoder) complete(n node, o *grammar.Object) {
	at := n.at
	if o.Name == "recipe" || o.Name == "fragment" {
		at.Col = 1
	}
	for _, k := range o.Keys {
		if _, ok := n.keys[k.Name]; k.Required && !ok {
			d.mistake(at, "%s is missing%s", k.Name, in(o)+tell(k.Value))
		}
	}
	if o.One == nil {
		return
	}
	var given []string
	for _, name := range o.One {
		if _, ok := n.keys[name]; ok {
			given = append(given, name)
		}
	}
	switch {
	case len(given) == 0 && !n.bad:
		d.mistake(n.at, "%s is missing%s: %s", strings.Join(o.One, " or "), in(o), o.Say)
	case len(given) > 1:
		d.mistake(n.keys[given[1]].at, "%s exclude each other%s: %s", strings.Join(given, " and "), in(o), o.Say)
	}
}

// tell ends the message about a missing key with what it may be.
func tell(v grammar.Value) string {
	if v.Object != nil && v.Object.Say != "" {
		return ": " + v.Object.Say
	}
	return ""
}

// in says in which mapping a key is, but for the recipe itself.
func in(o *grammar.Object) string {
	if o.Name == "recipe" {
		return ""
	}
	return " in " + o.Name
}

func names[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// pairs decodes a mapping whose keys are the user's, in the order written.
func (d *decoder) pairs(n ast.Node, m *grammar.Map, what string) node {
	made := node{text: text{at: d.position(n)}, pairs: []pair{}}
	seen := map[string]int{}
	for iter := n.(ast.MapNode).MapRange(); iter.Next(); {
		name := d.key(iter.Key())
		if line, twice := seen[name.value]; twice {
			d.mistake(name.at, "key %q is given twice, first on line %d", name.value, line)
			continue
		}
		seen[name.value] = name.at.Line
		name.rule = m.Key
		made.pairs = append(made.pairs, pair{name, d.value(iter.Value(), m.Value, what+" "+name.value)})
	}
	return made
}

// list decodes a list. It is never nil, so that an empty one differs from one
// that is not given.
func (d *decoder) list(n *ast.SequenceNode, each grammar.Value, what string) node {
	made := node{text: text{at: d.position(n)}, list: []node{}}
	for _, value := range n.Values {
		made.list = append(made.list, d.value(value, each, "an entry of "+what))
	}
	return made
}

// scalar decodes a value that is one text. Numbers and booleans stay as they
// are written: 3.10 is not 3.1.
func (d *decoder) scalar(n ast.Node, rule *grammar.Text, what string) text {
	t := text{at: d.position(n), rule: rule}
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
		return t
	}
	if rule.Fixed && !rule.Allows(t.value) {
		d.mistake(t.at, "%s %q: %s", rule.What, t.value, rule.Say)
		t.bad = true
	}
	return t
}

func (d *decoder) key(n ast.MapKeyNode) text {
	at := place(n.GetToken())
	at.File = d.file
	return text{value: n.GetToken().Value, at: at}
}
