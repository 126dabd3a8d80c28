package control

import (
	"fmt"
	"strings"
)

// parse splits the text of a stanza into its fields.
func (r *Reader) parse(text string) (Stanza, error) {
	stanza := make(Stanza, 0, r.fields+2)
	for len(text) > 0 {
		value, size, lines, err := r.value(text)
		if err != nil {
			return nil, err
		}
		colon := strings.IndexByte(text[:size], ':')
		name := text[:max(colon, 0)]
		if colon < 0 || !validName(name) {
			line, _, _ := strings.Cut(text, "\n")
			return nil, fmt.Errorf("line %d: not a field %q", r.line, clip(line))
		}
		for _, f := range stanza {
			if len(f.Name) == len(name) && strings.EqualFold(f.Name, name) {
				return nil, fmt.Errorf("line %d: field %s stands twice in its stanza", r.line, name)
			}
		}
		stanza = append(stanza, Field{name, strings.Trim(value[colon+1:], " \t\r\n")})
		text = text[size:]
		r.line += lines
	}
	return stanza, nil
}

// value finds the end of the field that text starts with: the field with its
// name, its size with the end of its last line, and the number of its lines.
func (r *Reader) value(text string) (value string, size, lines int, err error) {
	for {
		end := strings.IndexByte(text[size:], '\n')
		if end < 0 {
			end = len(text) - size
		}
		if lines > 0 && strings.Trim(text[size:size+end], " \t\r") == "" {
			return "", 0, 0, fmt.Errorf("line %d: blank line inside of a field", r.line+lines)
		}
		size = min(size+end+1, len(text))
		lines++
		if size == len(text) || text[size] != ' ' && text[size] != '\t' {
			return text[:size], size, lines, nil
		}
	}
}

// validName tells whether policy 5.1 allows the name of a field: printable
// US-ASCII without blanks and colons, not starting with "#" or "-".
func validName(name string) bool {
	if name == "" || name[0] == '#' || name[0] == '-' {
		return false
	}
	for i := range len(name) {
		if name[i] <= ' ' || name[i] > '~' {
			return false
		}
	}
	return true
}

// clip shortens what a message quotes.
func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
