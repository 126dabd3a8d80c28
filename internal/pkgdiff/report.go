package pkgdiff

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Report is what [Compare] found.
type Report []Section

// Empty tells whether nothing changed anywhere.
func (r Report) Empty() bool {
	for _, s := range r {
		if len(s.Changes) > 0 {
			return false
		}
	}
	return true
}

// Text writes the report for people to read: a title, a summary and a line for
// each package. Sections without changes are left out.
func (r Report) Text(w io.Writer) error {
	for _, s := range r {
		if len(s.Changes) == 0 {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", s.Title, s.summary()); err != nil {
			return err
		}
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, c := range s.Changes {
			fmt.Fprintf(table, "  %s\t%s\t%s\n", c.Kind, c.Name, c.versions())
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// JSON writes the report for programs to read: a list of sections.
func (r Report) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// summary counts the changes of each kind.
func (s Section) summary() string {
	counts := map[Kind]int{}
	for _, c := range s.Changes {
		counts[c.Kind]++
	}
	var parts []string
	for _, kind := range []Kind{Added, Removed, Upgraded, Downgraded, Rebuilt} {
		if counts[kind] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[kind], kind))
		}
	}
	return strings.Join(parts, ", ")
}

// versions writes which version became which.
func (c Change) versions() string {
	switch {
	case c.From == "":
		return c.To
	case c.To == "", c.From == c.To:
		return c.From
	}
	return c.From + " -> " + c.To
}
