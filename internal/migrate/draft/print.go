package draft

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/oarcluster/oarcluster/recipes/literal"
)

// Recipe returns the recipe as YAML, with comments that tell where each part is
// from.
func (d *Draft) Recipe() ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# Imported from %s by oarbuild import.\n", d.Source)
	if n := len(d.left); n > 0 {
		fmt.Fprintf(&b, "# Not carried over: %d; %s.md says what, and why.\n", n, d.Name)
	}
	from := any(yaml.MapSlice{{Key: "debian", Value: "${suite}"}})
	if d.Parent != "" {
		from = d.Parent
	}
	doc := yaml.MapSlice{{Key: "name", Value: d.Name}, {Key: "from", Value: from}}
	if d.Parent == "" && d.Suite != "" {
		doc = append(doc, yaml.MapItem{Key: "vars", Value: yaml.MapSlice{{Key: "suite", Value: d.Suite}}})
	}
	comments := yaml.CommentMap{}
	for _, part := range []yaml.MapItem{d.yamlPackages(comments), d.yamlFiles(), d.yamlSteps(comments), {Key: "image", Value: d.Image.YAML()}} {
		if list, ok := part.Value.([]yaml.MapSlice); ok && len(list) == 0 {
			continue
		}
		if m, ok := part.Value.(yaml.MapSlice); ok && len(m) == 0 {
			continue
		}
		if list, ok := part.Value.([]string); ok && len(list) == 0 {
			continue
		}
		doc = append(doc, part)
	}
	text, err := yaml.MarshalWithOptions(doc, yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true), yaml.WithComment(comments))
	if err != nil {
		return nil, fmt.Errorf("writing recipe %s: %w", d.Name, err)
	}
	return append([]byte(b.String()), bytes.TrimPrefix(text, []byte("\n"))...), nil
}

func (d *Draft) yamlPackages(comments yaml.CommentMap) yaml.MapItem {
	var names []string
	from := ""
	for i, p := range d.packages {
		names = append(names, p.name)
		if p.from != from {
			comments[fmt.Sprintf("$.packages[%d]", i)] = []*yaml.Comment{yaml.HeadComment(" " + p.from)}
			from = p.from
		}
	}
	return yaml.MapItem{Key: "packages", Value: names}
}

func (d *Draft) yamlFiles() yaml.MapItem {
	var list []yaml.MapSlice
	for _, t := range d.trees {
		entry := yaml.MapSlice{{Key: "from", Value: t.name}, {Key: "to", Value: "/"}}
		if t.owner != "" {
			entry = append(entry, yaml.MapItem{Key: "owner", Value: t.owner})
		}
		var modes yaml.MapSlice
		for _, p := range slices.Sorted(maps.Keys(t.files)) {
			f := t.files[p]
			if script := bytes.HasPrefix(f.Data, []byte("#!")); f.Mode != 0 && f.Mode != 0o644 && (f.Mode != 0o755 || !script) || f.Mode == 0o644 && script {
				modes = append(modes, yaml.MapItem{Key: p, Value: fmt.Sprintf("%04o", f.Mode)})
			}
		}
		if len(modes) > 0 {
			entry = append(entry, yaml.MapItem{Key: "mode", Value: modes})
		}
		list = append(list, entry)
	}
	return yaml.MapItem{Key: "files", Value: list}
}

func (d *Draft) yamlSteps(comments yaml.CommentMap) yaml.MapItem {
	var list []yaml.MapSlice
	for i, s := range d.steps {
		entry := yaml.MapSlice{{Key: "name", Value: literal.Text(s.name)}, {Key: "sh", Value: literal.Script(s.sh)}}
		if s.online {
			entry = append(entry, yaml.MapItem{Key: "network", Value: "host"})
		}
		list = append(list, entry)
		comments[fmt.Sprintf("$.run[%d]", i)] = []*yaml.Comment{yaml.HeadComment(" " + s.from)}
	}
	return yaml.MapItem{Key: "run", Value: list}
}
