package recipes

import (
	"encoding/json"
	"strings"

	"github.com/goccy/go-yaml"
)

// quoted is a text that is written on one line between double quotes.
type quoted string

// MarshalYAML writes the text as JSON does, which YAML reads.
func (q quoted) MarshalYAML() ([]byte, error) { return json.Marshal(string(q)) }

// quoteWhere returns a document with those of its texts quoted that the style of
// many lines would change: it cannot begin with white space, end with a line of
// it, or hold carriage returns.
func quoteWhere(v any) any {
	switch v := v.(type) {
	case string:
		inner := strings.TrimRight(v, " \t\n")
		begins := strings.TrimLeft(v, " \t") != v
		if strings.Contains(v, "\n") && (begins || strings.ContainsAny(v[len(inner):], " \t") || strings.Contains(v, "\r")) {
			return quoted(v)
		}
	case []string:
		var list []any
		for _, one := range v {
			list = append(list, quoteWhere(one))
		}
		return list
	case []any:
		var list []any
		for _, one := range v {
			list = append(list, quoteWhere(one))
		}
		return list
	case []yaml.MapSlice:
		var list []any
		for _, one := range v {
			list = append(list, quoteWhere(one))
		}
		return list
	case yaml.MapSlice:
		var doc yaml.MapSlice
		for _, item := range v {
			doc = append(doc, yaml.MapItem{Key: item.Key, Value: quoteWhere(item.Value)})
		}
		return doc
	}
	return v
}
