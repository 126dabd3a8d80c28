package kameleon

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of one file and of what its aliases make of it.
const (
	maxBytes = 256 << 10
	maxNodes = 50_000
	maxDepth = 24
)

// kind is what a YAML value is.
type kind int

const (
	nothing kind = iota
	scalar
	list
	mapping
)

// node is a YAML value. Scalars stay as they are written: 3.10 is not 3.1.
type node struct {
	kind kind
	text string
	list []*node
	keys []entry
	// at is the file and line.
	at string
}

// entry is a key of a mapping and its value, in the order written.
type entry struct {
	key   string
	value *node
}

// get returns the value of a key, nil when there is none.
func (n *node) get(key string) *node {
	if n != nil {
		for _, e := range n.keys {
			if e.key == key {
				return e.value
			}
		}
	}
	return nil
}

// single returns the key and value of a mapping with one key, or a text as a
// key without a value.
func (n *node) single() (string, *node, bool) {
	switch {
	case n.kind == scalar:
		return n.text, &node{at: n.at}, true
	case n.kind == mapping && len(n.keys) == 1:
		return n.keys[0].key, n.keys[0].value, true
	}
	return "", nil, false
}

// reader turns the syntax tree of one file into nodes.
type reader struct {
	file    string
	anchors map[string]*node
	nodes   int
}

// decode reads the one document of a file.
func decode(file string, data []byte) (n *node, err error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("%s: %d bytes, more than %d", file, len(data), maxBytes)
	}
	data = bytes.ReplaceAll(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	tokens := lexer.Tokenize(string(data))
	if at := tooDeep(tokens); at > 0 {
		return nil, fmt.Errorf("%s:%d: nested deeper than %d", file, at, maxDepth)
	}
	defer func() {
		if fault := recover(); fault != nil {
			n, err = nil, fmt.Errorf("%s: not YAML: the parser gave up: %v", file, fault)
		}
	}()
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		return nil, fmt.Errorf("%s:%d: not YAML: %s", file, e.GetToken().Position.Line, e.GetMessage())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: not YAML: %w", file, err)
	}
	r := &reader{file: file, anchors: map[string]*node{}}
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			return r.node(doc.Body, 0)
		}
	}
	return &node{at: file}, nil
}

// tooDeep returns the line where brackets or dashes nest deeper than any
// recipe's, before a parser follows them.
func tooDeep(tokens token.Tokens) int {
	flow, dashes := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType:
			dashes++
			continue
		}
		if flow > maxDepth || dashes > maxDepth {
			return t.Position.Line
		}
		dashes = 0
	}
	return 0
}

func (r *reader) node(n ast.Node, depth int) (*node, error) {
	at := r.file
	if t := n.GetToken(); t != nil && t.Position != nil {
		at = fmt.Sprintf("%s:%d", r.file, t.Position.Line)
	}
	if r.nodes++; r.nodes > maxNodes || depth > maxDepth {
		return nil, fmt.Errorf("%s: more than %d values, or nested deeper than %d", at, maxNodes, maxDepth)
	}
	switch n := n.(type) {
	case *ast.StringNode:
		return &node{kind: scalar, text: n.Value, at: at}, nil
	case *ast.LiteralNode:
		return &node{kind: scalar, text: n.Value.Value, at: at}, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return &node{kind: scalar, text: n.GetToken().Value, at: at}, nil
	case *ast.NullNode:
		return &node{at: at}, nil
	case *ast.AnchorNode:
		value, err := r.node(n.Value, depth+1)
		if err == nil {
			r.anchors[n.Name.GetToken().Value] = value
		}
		return value, err
	case *ast.AliasNode:
		return r.alias(n, at)
	case *ast.SequenceNode:
		return r.list(n, at, depth)
	case ast.MapNode:
		return r.mapping(n, at, depth)
	}
	return nil, fmt.Errorf("%s: YAML tags and merge keys are not Kameleon's", at)
}

// alias answers the value that an anchor names; its size counts again.
func (r *reader) alias(n *ast.AliasNode, at string) (*node, error) {
	value, ok := r.anchors[n.Value.GetToken().Value]
	if !ok {
		return nil, fmt.Errorf("%s: no anchor %q before this", at, n.Value.GetToken().Value)
	}
	if r.nodes += value.size(); r.nodes > maxNodes {
		return nil, fmt.Errorf("%s: aliases make more than %d values of it", at, maxNodes)
	}
	return value, nil
}

func (n *node) size() int {
	total := 1
	for _, v := range n.list {
		total += v.size()
	}
	for _, e := range n.keys {
		total += e.value.size()
	}
	return total
}

func (r *reader) list(n *ast.SequenceNode, at string, depth int) (*node, error) {
	result := &node{kind: list, at: at}
	for _, value := range n.Values {
		v, err := r.node(value, depth+1)
		if err != nil {
			return nil, err
		}
		result.list = append(result.list, v)
	}
	return result, nil
}

// mapping keeps the last of keys that are given twice, as Kameleon does.
func (r *reader) mapping(n ast.MapNode, at string, depth int) (*node, error) {
	result := &node{kind: mapping, at: at}
	for iter := n.MapRange(); iter.Next(); {
		if _, ok := iter.Key().(*ast.MergeKeyNode); ok {
			return nil, fmt.Errorf("%s: YAML tags and merge keys are not Kameleon's", at)
		}
		value, err := r.node(iter.Value(), depth+1)
		if err != nil {
			return nil, err
		}
		key := iter.Key().GetToken().Value
		// The old value itself stays, for an anchor may name it.
		if i := slices.IndexFunc(result.keys, func(e entry) bool { return e.key == key }); i >= 0 {
			result.keys[i].value = value
			continue
		}
		result.keys = append(result.keys, entry{key, value})
	}
	return result, nil
}
