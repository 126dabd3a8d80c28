package strict

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxDepth bounds nesting, far above what a text needs, so that a hostile one cannot
// exhaust the stack.
const maxDepth = 16

// clean takes off what editors of other systems leave in a text: a byte order
// mark and carriage returns at line ends.
func clean(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
}

// scan parses a cleaned text to the one mapping of its one document. It records
// why it cannot, and returns nil then.
func (d *decoder) scan() ast.Node {
	switch {
	case len(d.text) > d.kind.Max:
		d.mistake(Position{}, "%s has %d bytes, more than %d", d.kind.Name, len(d.text), d.kind.Max)
		return nil
	case len(bytes.TrimSpace(d.text)) == 0:
		d.mistake(Position{}, "%s is empty", d.kind.Name)
		return nil
	}
	if at, what := BadByte(d.text); what != "" {
		d.mistake(at, "%s", what)
		return nil
	}
	tokens := lexer.Tokenize(string(d.text))
	if at, what := refusedToken(tokens); what != "" {
		d.mistake(at, "%s", what)
		return nil
	}
	file, err := parse(tokens)
	if err != nil {
		at, message := Position{}, err.Error()
		if e, ok := errors.AsType[yaml.Error](err); ok {
			at, message = place(e.GetToken()), e.GetMessage()
		}
		d.mistake(at, "not YAML: %s", message)
		return nil
	}
	return d.document(file)
}

// document returns the mapping of the one document of a file.
func (d *decoder) document(file *ast.File) ast.Node {
	var root ast.Node
	for i, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		_, ok := doc.Body.(ast.MapNode)
		switch {
		case i > 0 && root != nil:
			d.mistake(place(doc.Body.GetToken()), "a %s is one document: a second one begins here", d.kind.Name)
		case !ok:
			d.mistake(place(doc.Body.GetToken()), "a %s is a mapping of keys to values, not %s", d.kind.Name, kindOf(doc.Body))
			return nil
		default:
			root = doc.Body
		}
	}
	if root == nil {
		d.mistake(Position{}, "%s is empty", d.kind.Name)
	}
	return root
}

// parse turns what the parser's own faults would do to the program into an error.
func parse(tokens token.Tokens) (file *ast.File, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the parser gave up: %v", fault)
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// BadByte finds what no text has: bytes that are not UTF-8, and control characters.
func BadByte(text []byte) (Position, string) {
	line, col := 1, 1
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return Position{Line: line, Col: col}, fmt.Sprintf("byte 0x%02x is not UTF-8", text[i])
		case r == '\n':
			line, col = line+1, 0
		case r < ' ' && r != '\t' || r == 0x7f:
			return Position{Line: line, Col: col}, fmt.Sprintf("control character 0x%02x", r)
		}
		col++
		i += size
	}
	return Position{}, ""
}

// refusedToken finds what no text may have: parts of YAML that let a short one grow
// without bound or mean something else than it shows, and nesting that is too deep.
func refusedToken(tokens token.Tokens) (Position, string) {
	flow, dashes := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType:
			return place(t), "anchors and aliases are refused: write the value out"
		case token.MergeKeyType:
			return place(t), "merge keys are refused: write the keys out"
		case token.TagType, token.DirectiveType:
			return place(t), "YAML tags and directives are refused"
		case token.MappingKeyType:
			return place(t), "keys with a question mark are refused: write key: value"
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		}
		if t.Type == token.SequenceEntryType {
			dashes++
		} else {
			dashes = 0
		}
		if flow > maxDepth || dashes > maxDepth {
			return place(t), fmt.Sprintf("nested deeper than %d", maxDepth)
		}
	}
	return Position{}, ""
}

// place returns where a token is. The file's name is the decoder's to add.
func place(t *token.Token) Position {
	if t == nil || t.Position == nil {
		return Position{}
	}
	return Position{Line: t.Position.Line, Col: max(1, t.Position.Column), End: t.Position.Line}
}
