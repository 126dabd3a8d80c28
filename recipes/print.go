package recipes

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// YAML returns the resolved recipe as one recipe that comes from the bare
// Debian base alone, with comments that tell from which recipe each part is.
// It is itself a recipe: loading it gives the same image.
func (r *Resolved) YAML() ([]byte, error) {
	doc := yaml.MapSlice{
		{Key: "name", Value: r.Name},
		{Key: "from", Value: yaml.MapSlice{{Key: "debian", Value: r.Suite.Name}}},
		{Key: "tags", Value: r.Tags},
		{Key: "platforms", Value: r.Platforms},
	}
	parts, comments := r.parts()
	add := func(key string, value any, there bool) {
		if there {
			doc = append(doc, yaml.MapItem{Key: key, Value: value})
		}
	}
	add("packages", parts.packages, len(parts.packages) > 0)
	add("files", parts.files, len(parts.files) > 0)
	add("run", parts.run, len(parts.run) > 0)
	image := r.Image.yaml()
	add("image", image, len(image) > 0)
	return yaml.MarshalWithOptions(doc, yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true), yaml.WithComment(comments))
}

// parts are the levels of a recipe laid end to end.
type parts struct {
	packages   []string
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
			if !slices.Contains(p.packages, one.Name) {
				p.packages = append(p.packages, one.Name)
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
	return yaml.MapSlice{
		{Key: "name", Value: escape(s.Name)},
		{Key: "sh", Value: scriptReference.ReplaceAllString(s.Sh, "$$$0")},
		{Key: "network", Value: s.Network},
	}
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
