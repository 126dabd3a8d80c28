package recipes

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// YAML returns the resolved recipe as one recipe that comes from the bare
// Debian base alone, with comments that tell from which recipe each part is.
// It is itself a recipe: loading it gives the same image.
func (r *Resolved) YAML() ([]byte, error) {
	from := yaml.MapSlice{{Key: "debian", Value: r.Suite.Name}}
	if r.Base != "" {
		from = yaml.MapSlice{{Key: "image", Value: r.Base}}
	}
	doc := yaml.MapSlice{
		{Key: "name", Value: r.Name},
		{Key: "from", Value: from},
		{Key: "tags", Value: r.Tags},
		{Key: "platforms", Value: r.Platforms},
	}
	parts, comments := r.parts()
	add := func(key string, value any, there bool) {
		if there {
			doc = append(doc, yaml.MapItem{Key: key, Value: value})
		}
	}
	add("vars", yaml.MapSlice{{Key: "suite", Value: r.Suite.Name}}, r.Base != "")
	add("sources", r.sourcesYAML(), len(r.Sources) > 0)
	add("packages", parts.packages, len(parts.packages) > 0)
	add("files", parts.files, len(parts.files) > 0)
	add("run", parts.run, len(parts.run) > 0)
	image := r.Image.yaml()
	add("image", image, len(image) > 0)
	return yaml.MarshalWithOptions(doc, yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true), yaml.WithComment(comments))
}

// parts are the levels of a recipe laid end to end.
type parts struct {
	packages   []any
	files, run []yaml.MapSlice
}

// parts also answers the comments that tell which recipe a part is from. A
// package that two levels ask for is the lower one's.
func (r *Resolved) parts() (parts, yaml.CommentMap) {
	var p parts
	comments := yaml.CommentMap{}
	for _, l := range r.Levels[1:] {
		from := []*yaml.Comment{yaml.HeadComment(" from " + l.Name)}
		packages, run := len(p.packages), len(p.run)
		for _, one := range l.Packages {
			if doc := one.yaml(); !slices.ContainsFunc(p.packages, func(other any) bool { return reflect.DeepEqual(other, doc) }) {
				p.packages = append(p.packages, doc)
			}
		}
		for _, f := range l.Files {
			p.files = append(p.files, f.yaml())
		}
		for _, s := range l.Run {
			p.run = append(p.run, s.yaml())
		}
		if len(p.packages) > packages {
			comments[fmt.Sprintf("$.packages[%d]", packages)] = from
		}
		if len(p.run) > run {
			comments[fmt.Sprintf("$.run[%d]", run)] = from
		}
	}
	return p, comments
}

func (f Files) yaml() yaml.MapSlice {
	doc := yaml.MapSlice{{Key: "from", Value: f.From}, {Key: "to", Value: f.To}}
	if f.Owner != "" {
		doc = append(doc, yaml.MapItem{Key: "owner", Value: f.Owner})
	}
	doc = append(doc, onlyOn(f.platforms)...)
	if len(f.Mode) == 0 {
		return doc
	}
	var modes yaml.MapSlice
	for _, file := range names(f.Mode) {
		modes = append(modes, yaml.MapItem{Key: file, Value: fmt.Sprintf("%04o", f.Mode[file])})
	}
	return append(doc, yaml.MapItem{Key: "mode", Value: modes})
}

func (s Step) yaml() yaml.MapSlice {
	doc := yaml.MapSlice{
		{Key: "name", Value: escape(s.Name)},
		{Key: "sh", Value: scriptReference.ReplaceAllString(s.Sh, "$$$0")},
	}
	if len(s.Args) > 0 {
		doc = append(doc, yaml.MapItem{Key: "args", Value: escapeAll(s.Args)})
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
			{Key: "url", Value: escape(s.URL)},
			{Key: "suite", Value: s.Suite},
			{Key: "components", Value: s.Components},
			{Key: "key", Value: string(s.Key)},
		}, onlyOn(s.platforms)...))
	}
	return list
}

func (i Image) yaml() yaml.MapSlice {
	var doc yaml.MapSlice
	list := func(key string, values []string) {
		if len(values) > 0 {
			doc = append(doc, yaml.MapItem{Key: key, Value: escapeAll(values)})
		}
	}
	pairs := func(key string, values map[string]string) {
		var sorted yaml.MapSlice
		for _, name := range names(values) {
			sorted = append(sorted, yaml.MapItem{Key: name, Value: escape(values[name])})
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

// scriptReference matches what would be replaced in a script.
var scriptReference = regexp.MustCompile(`\$\$+\{|\$\{[a-z][a-z0-9_]*\}`)

// escape writes a text so that none of it is a variable.
func escape(text string) string { return strings.ReplaceAll(text, "${", "$${") }

func escapeAll(texts []string) []string {
	escaped := make([]string, len(texts))
	for i, t := range texts {
		escaped[i] = escape(t)
	}
	return escaped
}
