package recipes

import (
	"fmt"

	"github.com/goccy/go-yaml"

	"github.com/oarcluster/oarcluster/recipes/literal"
)

// YAML returns the resolved recipe as one recipe, with the recipes that it comes
// from written out in it. Loading it gives the same levels, and so the same
// graph, as long as its files are where they were.
func (r *Resolved) YAML() ([]byte, error) {
	below := yaml.MapSlice{{Key: "debian", Value: r.Suite.Name}}
	if r.Base != "" {
		below = yaml.MapSlice{{Key: "image", Value: r.Base}}
	}
	var doc yaml.MapSlice
	for i, level := range r.Levels[1:] {
		doc = yaml.MapSlice{{Key: "name", Value: level.Name}, {Key: "from", Value: below}}
		if i == len(r.Levels)-2 {
			doc = append(doc, r.top()...)
		}
		doc = append(doc, level.yaml()...)
		below = yaml.MapSlice{{Key: "recipe", Value: doc}}
	}
	if image := r.Image.YAML(); len(image) > 0 {
		doc = append(doc, yaml.MapItem{Key: "image", Value: image})
	}
	return yaml.MarshalWithOptions(quoteWhere(doc), yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
}

// top is what the whole chain has, as keys of the recipe at its top.
func (r *Resolved) top() yaml.MapSlice {
	var vars yaml.MapSlice
	for _, v := range r.Vars {
		if v.Origin != builtInOrigin || v.Name == "suite" && r.Base != "" {
			vars = append(vars, yaml.MapItem{Key: v.Name, Value: literal.Text(v.Value)})
		}
	}
	var doc yaml.MapSlice
	if len(vars) > 0 {
		doc = append(doc, yaml.MapItem{Key: "vars", Value: vars})
	}
	doc = append(doc, yaml.MapItem{Key: "tags", Value: r.Tags}, yaml.MapItem{Key: "platforms", Value: r.Platforms})
	if len(r.Sources) > 0 {
		doc = append(doc, yaml.MapItem{Key: "sources", Value: r.sourcesYAML()})
	}
	return doc
}

func (l Level) yaml() yaml.MapSlice {
	var packages []any
	var files, run []yaml.MapSlice
	for _, p := range l.Packages {
		packages = append(packages, p.yaml())
	}
	for _, f := range l.Files {
		files = append(files, f.yaml())
	}
	for _, s := range l.Run {
		run = append(run, s.yaml())
	}
	var doc yaml.MapSlice
	if packages != nil {
		doc = append(doc, yaml.MapItem{Key: "packages", Value: packages})
	}
	if files != nil {
		doc = append(doc, yaml.MapItem{Key: "files", Value: files})
	}
	if run != nil {
		doc = append(doc, yaml.MapItem{Key: "run", Value: run})
	}
	return doc
}

func (f Files) yaml() yaml.MapSlice {
	doc := yaml.MapSlice{{Key: "from", Value: literal.Text(f.From)}, {Key: "to", Value: literal.Text(f.To)}}
	if f.Owner != "" {
		doc = append(doc, yaml.MapItem{Key: "owner", Value: f.Owner})
	}
	if len(f.Template) > 0 {
		doc = append(doc, yaml.MapItem{Key: "template", Value: literal.Texts(f.Template)})
	}
	doc = append(doc, onlyOn(f.platforms)...)
	if len(f.Mode) == 0 {
		return doc
	}
	var modes yaml.MapSlice
	for _, file := range names(f.Mode) {
		modes = append(modes, yaml.MapItem{Key: literal.Text(file), Value: fmt.Sprintf("%04o", f.Mode[file])})
	}
	return append(doc, yaml.MapItem{Key: "mode", Value: modes})
}

func (s Step) yaml() yaml.MapSlice {
	doc := yaml.MapSlice{
		{Key: "name", Value: literal.Text(s.Name)},
		{Key: "sh", Value: literal.Script(s.Sh)},
	}
	if len(s.Args) > 0 {
		doc = append(doc, yaml.MapItem{Key: "args", Value: literal.Texts(s.Args)})
	}
	doc = append(doc, yaml.MapItem{Key: "network", Value: s.Network})
	if len(s.Secrets) > 0 {
		doc = append(doc, yaml.MapItem{Key: "secrets", Value: s.Secrets})
	}
	if s.SSH {
		doc = append(doc, yaml.MapItem{Key: "ssh", Value: true})
	}
	if s.Timeout > 0 {
		doc = append(doc, yaml.MapItem{Key: "timeout", Value: fmt.Sprintf("%ds", int(s.Timeout.Seconds()))})
	}
	if s.Needs != nil {
		doc = append(doc, yaml.MapItem{Key: "needs", Value: literal.Texts(s.Needs)})
	}
	return append(doc, onlyOn(s.platforms)...)
}

// yaml is the package's name alone when it is for every platform.
func (p Package) yaml() any {
	if p.platforms == nil {
		return p.Name
	}
	return append(yaml.MapSlice{{Key: "name", Value: p.Name}}, onlyOn(p.platforms)...)
}

// onlyOn is the condition of a part.
func onlyOn(platforms []string) yaml.MapSlice {
	if platforms == nil {
		return nil
	}
	return yaml.MapSlice{{Key: "when", Value: yaml.MapSlice{{Key: "platform", Value: platforms}}}}
}

func (r *Resolved) sourcesYAML() []yaml.MapSlice {
	var list []yaml.MapSlice
	for _, s := range r.Sources {
		list = append(list, append(yaml.MapSlice{
			{Key: "name", Value: s.Name},
			{Key: "url", Value: literal.Text(s.URL)},
			{Key: "suite", Value: s.Suite},
			{Key: "components", Value: s.Components},
			{Key: "key", Value: string(s.Key)},
		}, onlyOn(s.platforms)...))
	}
	return list
}

// YAML returns the value of a recipe's key image:, with what the configuration
// has. What is there and empty is written, for it takes away what was there before.
func (i Image) YAML() yaml.MapSlice {
	var doc yaml.MapSlice
	list := func(key string, values []string) {
		if values != nil {
			doc = append(doc, yaml.MapItem{Key: key, Value: literal.Texts(values)})
		}
	}
	pairs := func(key string, values map[string]string) {
		var sorted yaml.MapSlice
		for _, name := range names(values) {
			sorted = append(sorted, yaml.MapItem{Key: name, Value: literal.Text(values[name])})
		}
		if len(sorted) > 0 {
			doc = append(doc, yaml.MapItem{Key: key, Value: sorted})
		}
	}
	one := func(key, value string) {
		if value != "" {
			doc = append(doc, yaml.MapItem{Key: key, Value: value})
		}
	}
	list("entrypoint", i.Entrypoint)
	list("cmd", i.Cmd)
	pairs("env", i.Env)
	pairs("labels", i.Labels)
	list("expose", i.Expose)
	list("volumes", i.Volumes)
	one("user", i.User)
	one("workdir", i.Workdir)
	one("stop_signal", i.StopSignal)
	return doc
}
