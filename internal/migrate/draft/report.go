package draft

import (
	"fmt"
	"strings"
)

// Report returns, as Markdown, what became of what the draft is made from.
func (d *Draft) Report() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s, imported from %s\n\n", d.Name, d.Source)
	files := 0
	for _, t := range d.trees {
		files += len(t.files)
	}
	fmt.Fprintf(&b, "Carried over: %d packages, %d files, %d steps.\n", len(d.packages), files, len(d.steps))
	table(&b, "Carried over in another form", "how", d.carried)
	table(&b, "Not carried over", "why", d.left)
	b.WriteString("\n## What runs differently\n\n" +
		"- A step ends at its first command that fails. Write `|| true` after one that may.\n" +
		"- Steps have no network, no standard input and no memory of each other's variables.\n" +
		"- All packages are there before the first step, and so are all files. Recommended packages are not installed: name those that you miss.\n")
	return []byte(b.String())
}

func table(b *strings.Builder, title, how string, remarks []Remark) {
	if len(remarks) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n| what | where | %s |\n|---|---|---|\n", title, how)
	for _, r := range remarks {
		fmt.Fprintf(b, "| %s | %s | %s |\n", cell(r.What), cell(r.From), cell(r.How))
	}
}

// cell makes a text one cell of a table.
func cell(text string) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, "|", `\|`)), " ")
	if r := []rune(text); len(r) > 160 {
		text = string(r[:159]) + "…"
	}
	return text
}
