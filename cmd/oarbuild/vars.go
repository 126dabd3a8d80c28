package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

func newVars(s ui.Streams, f *flags) *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "vars", Short: "Show the variables of recipes, their values, and where these come from", Args: noArgs,
		Long: "Show the variables of recipes. The first of these that gives a value counts: --set, the recipe, the files that it includes from the last to the first, the recipe below it and what that includes, and so on down, and what is built in.",
		RunE: func(*cobra.Command, []string) error { return showVars(s, f, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON, for programs")
	return c
}

// variable is a variable as --json writes it.
type variable struct {
	Recipe  string   `json:"recipe"`
	Name    string   `json:"name"`
	Value   string   `json:"value"`
	Origin  string   `json:"origin"` // "--set", "built in", or FILE:LINE:COLUMN
	Type    string   `json:"type"`
	Values  []string `json:"values,omitempty"`
	Pattern string   `json:"pattern,omitempty"`
	Help    string   `json:"help,omitempty"`
}

func showVars(s ui.Streams, f *flags, asJSON bool) error {
	list, err := f.resolved(s)
	if err != nil {
		return err
	}
	all := []variable{}
	for _, r := range list {
		for _, v := range r.Vars {
			all = append(all, variable{r.Name, v.Name, v.Value, v.Origin, v.Type, v.Values, v.Pattern, v.Help})
		}
	}
	if asJSON {
		encoder := json.NewEncoder(s.Out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(all)
	}
	return varsTable(s, list)
}

func varsTable(s ui.Streams, list []*recipes.Resolved) error {
	table := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RECIPE\tVARIABLE\tVALUE\tFROM\tTYPE\tWHAT FOR")
	for _, r := range list {
		for _, v := range r.Vars {
			kind := v.Type
			switch {
			case v.Values != nil:
				kind = strings.Join(v.Values, "|")
			case v.Pattern != "":
				kind += " " + v.Pattern
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, v.Name, v.Value, v.Origin, kind, v.Help)
		}
	}
	return table.Flush()
}
