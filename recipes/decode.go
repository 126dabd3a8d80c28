package recipes

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/oarcluster/oarcluster/internal/suggest"
)

// decoder reads one recipe's text and records its mistakes.
type decoder struct {
	file     string
	text     []byte
	mistakes *mistakes
}

// text is a scalar of a recipe as written, before variables are replaced.
type text struct {
	value string
	at    Position
	// bad marks a value of the wrong kind, which has been reported.
	bad bool
}

// pair is an entry of a mapping whose keys are the user's.
type pair struct{ key, value text }

// fields says how to decode each key that a mapping may have.
type fields map[string]func(ast.Node)

func (d *decoder) mistake(at Position, format string, args ...any) {
	at.File = d.file
	d.mistakes.add(d.text, at, format, args...)
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

// mapping decodes a mapping with known keys. what names it in messages.
func (d *decoder) mapping(n ast.Node, what string, known fields) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.mistake(d.position(n), "%s must be a mapping, not %s", what, kindOf(n))
		return
	}
	seen := map[string]int{}
	for iter := m.MapRange(); iter.Next(); {
		key := d.key(iter.Key())
		decode, ok := known[key.value]
		switch line, twice := seen[key.value]; {
		case twice:
			d.mistake(key.at, "key %q is given twice, first on line %d", key.value, line)
		case !ok:
			d.mistake(key.at, "unknown key %q%s%s", key.value, in(what), suggest.For(key.value, names(known)))
		default:
			decode(iter.Value())
		}
		if _, ok := seen[key.value]; !ok {
			seen[key.value] = key.at.Line
		}
	}
}

// in says in which mapping a key is, but for the recipe itself.
func in(what string) string {
	if what == "recipe" {
		return ""
	}
	return " in " + what
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
func (d *decoder) pairs(n ast.Node, what string) []pair {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.mistake(d.position(n), "%s must be a mapping, not %s", what, kindOf(n))
		return nil
	}
	var list []pair
	seen := map[string]int{}
	for iter := m.MapRange(); iter.Next(); {
		key := d.key(iter.Key())
		if line, twice := seen[key.value]; twice {
			d.mistake(key.at, "key %q is given twice, first on line %d", key.value, line)
			continue
		}
		seen[key.value] = key.at.Line
		value, _ := d.scalar(iter.Value(), what+" "+key.value)
		list = append(list, pair{key, value})
	}
	return list
}

func (d *decoder) key(n ast.MapKeyNode) text {
	at := place(n.GetToken())
	at.File = d.file
	return text{value: n.GetToken().Value, at: at}
}
