package grammar

import (
	"encoding/json"
	"strings"
)

// dialect is the JSON Schema that editors and validators know.
const dialect = "https://json-schema.org/draft/2020-12/schema"

// Schema returns the table as a JSON Schema of recipes and of the files that
// they include. It tells what an editor can see in one file: whether a variable
// is known, or a value right once variables are replaced, it cannot tell.
func Schema() ([]byte, error) {
	defs := map[string]any{}
	recipe := Value{Object: Recipe()}.schema(defs)
	fragment := Value{Object: Fragment()}.schema(defs)
	return document(map[string]any{
		"title":       "oarbuild recipe",
		"description": "An image, or with neither name nor from a file that recipes include.",
		"if":          map[string]any{"anyOf": []any{required("name"), required("from")}},
		"then":        recipe,
		"else":        fragment,
		"$defs":       defs,
	})
}

// Schema returns the table of a document as a JSON Schema.
func (o *Object) Schema(title string) ([]byte, error) {
	defs := map[string]any{}
	return document(map[string]any{
		"title": title, "description": plain(o.Help), "allOf": []any{Value{Object: o}.schema(defs)}, "$defs": defs,
	})
}

func document(schema map[string]any) ([]byte, error) {
	schema["$schema"] = dialect
	data, err := json.MarshalIndent(schema, "", "  ")
	return append(data, '\n'), err
}

func required(names ...string) map[string]any { return map[string]any{"required": names} }

// schema describes a value. Objects go to defs, by their names.
func (v Value) schema(defs map[string]any) map[string]any {
	var ways []any
	if v.Text != nil {
		ways = append(ways, v.Text.schema())
	}
	if v.List != nil {
		ways = append(ways, map[string]any{"type": "array", "items": v.List.schema(defs)})
	}
	if v.Map != nil {
		ways = append(ways, map[string]any{
			"type": "object", "propertyNames": v.Map.Key.schema(), "additionalProperties": v.Map.Value.schema(defs),
		})
	}
	if v.Object != nil {
		if _, known := defs[v.Object.Name]; !known {
			defs[v.Object.Name] = true // for an object that holds itself
			defs[v.Object.Name] = v.Object.schema(defs)
		}
		ways = append(ways, map[string]any{"$ref": "#/$defs/" + v.Object.Name})
	}
	if len(ways) == 1 {
		return ways[0].(map[string]any)
	}
	return map[string]any{"anyOf": ways}
}

func (o *Object) schema(defs map[string]any) map[string]any {
	properties, needed := map[string]any{}, []string{}
	for _, k := range o.Keys {
		property := k.Value.schema(defs)
		property["description"] = plain(k.Help)
		properties[k.Name] = property
		if k.Required {
			needed = append(needed, k.Name)
		}
	}
	made := map[string]any{
		"type": "object", "description": plain(o.Help), "properties": properties, "additionalProperties": false,
	}
	if len(needed) > 0 {
		made["required"] = needed
	}
	if o.One != nil {
		var exactly []any
		for _, name := range o.One {
			exactly = append(exactly, required(name))
		}
		made["oneOf"] = exactly
	}
	return made
}

// schema describes a text. One that YAML reads as a number or as a boolean is a
// text for a recipe, where the rule allows such. Variables may make any text.
func (t *Text) schema() map[string]any {
	good := map[string]any{"type": "string"}
	if t.Rule != nil {
		good["pattern"] = t.Rule.String()
	}
	if t.Values != nil {
		good["enum"] = t.Values
	}
	ways := []any{good}
	if !t.Fixed && len(good) > 1 {
		ways = append(ways, map[string]any{"type": "string", "pattern": `\$\{`})
	}
	if t.Allows("7") || t.Allows("777") || t.Allows("7.7") {
		ways = append(ways, map[string]any{"type": "number"})
	}
	if t.Allows("true") {
		ways = append(ways, map[string]any{"type": "boolean"})
	}
	if len(ways) == 1 {
		return good
	}
	return map[string]any{"anyOf": ways}
}

// plain takes the Markdown off a help text.
func plain(help string) string { return strings.ReplaceAll(help, "`", "") }
