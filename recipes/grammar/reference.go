package grammar

import (
	"cmp"
	"fmt"
	"strings"
)

// Reference returns the table of recipes in Markdown.
func Reference() string { return sections(Recipe(), Fragment()) }

// Reference returns the table of a document in Markdown.
func (o *Object) Reference() string { return sections(o) }

// sections has one for each kind of mapping, in the order in which a reader meets
// them.
func sections(queue ...*Object) string {
	var b strings.Builder
	seen := map[string]bool{}
	for _, o := range queue {
		seen[o.Name] = true
	}
	for len(queue) > 0 {
		o := queue[0]
		queue = queue[1:]
		fmt.Fprintf(&b, "### %s\n\n%s\n", o.title(), o.Help)
		if !o.Included {
			o.table(&b)
			for _, k := range o.Keys {
				for _, below := range k.Value.objects() {
					if !seen[below.Name] {
						seen[below.Name] = true
						queue = append(queue, below)
					}
				}
			}
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// title is what the reference calls an object.
func (o *Object) title() string { return cmp.Or(o.Title, "`"+o.Name+":`") }

func (o *Object) table(b *strings.Builder) {
	b.WriteString("\n| key | value | what it is for |\n|---|---|---|\n")
	for _, k := range o.Keys {
		help := k.Help
		if k.Required {
			help += " *Required.*"
		}
		if k.Merge != "" {
			help += " *" + capital(k.Merge) + ".*"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", k.Name, cell(k.Value.kind()), cell(help))
	}
	begin := "\n"
	for _, k := range o.Keys {
		if t := k.Value.rule(); t != "" {
			fmt.Fprintf(b, "%s- `%s`: %s.\n", begin, k.Name, t)
			begin = ""
		}
	}
}

// kind tells in a word or two how a value is written.
func (v Value) kind() string {
	var kinds []string
	if v.Text != nil {
		kinds = append(kinds, "text")
		switch {
		case v.Text.Number:
			kinds = []string{"number"}
		case v.Text.Values != nil:
			kinds = []string{"`" + strings.Join(v.Text.Values, "`, `") + "`"}
		}
	}
	if v.List != nil {
		kinds = append(kinds, "list")
	}
	if v.Object != nil || v.Map != nil {
		kinds = append(kinds, "mapping")
	}
	return strings.Join(kinds, " or ")
}

// rule tells what the texts of a value must be.
func (v Value) rule() string {
	switch {
	case v.Text != nil && v.Text.Rule != nil:
		return v.Text.Say
	case v.List != nil:
		return v.List.rule()
	case v.Map != nil && v.Map.Key.Rule != nil:
		return v.Map.Key.Say
	}
	return ""
}

// objects lists the mappings that a value may hold.
func (v Value) objects() []*Object {
	switch {
	case v.Object != nil:
		return []*Object{v.Object}
	case v.List != nil:
		return v.List.objects()
	case v.Map != nil:
		return v.Map.Value.objects()
	}
	return nil
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// cell keeps a text in its cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
