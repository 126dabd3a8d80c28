package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/build"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func newGraph(s ui.Streams, f *flags) *cobra.Command {
	format := ""
	c := &cobra.Command{
		Use: "graph", Short: "Show what BuildKit would be asked to do", Args: noArgs,
		Long: "Show the graph of each image for each platform. The archive's package indexes are read, but no package, and no BuildKit is needed.",
		RunE: func(command *cobra.Command, _ []string) error { return showGraphs(command.Context(), s, f, format) },
	}
	c.Flags().StringVar(&format, "format", "text", "text or dot (Graphviz)")
	return c
}

func showGraphs(ctx context.Context, s ui.Streams, f *flags, format string) error {
	show := map[string]func(build.Graph) (string, error){
		"text": func(g build.Graph) (string, error) { return g.Text() },
		"dot":  func(g build.Graph) (string, error) { return g.Dot() },
	}[format]
	if show == nil {
		return ui.WithHint(ui.WithCode(fmt.Errorf("reading --format %q: no such format", format), ui.CodeUsage), "write text or dot")
	}
	o, err := f.options(s)
	if err != nil {
		return err
	}
	graphs, err := build.Graphs(ctx, o)
	if err != nil {
		return err
	}
	for _, g := range graphs {
		text, err := show(g)
		if err != nil {
			return err
		}
		if format == "text" {
			fmt.Fprintf(s.Out, "# %s\n", g.Title)
		}
		fmt.Fprint(s.Out, text)
	}
	return nil
}

func newCheck(s ui.Streams, f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Check recipes and report every mistake", Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return check(s, f) },
	}
}

func check(s ui.Streams, f *flags) error {
	o, err := f.options(s)
	if err != nil {
		return err
	}
	list, err := build.Load(o)
	if err != nil {
		return err
	}
	for _, r := range list {
		fmt.Fprintf(s.Err, "%s: no mistakes\n", r.File)
	}
	return nil
}

func newVars(s ui.Streams, f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "vars", Short: "Show the variables of recipes, their values, and where these come from", Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return showVars(s, f) },
	}
}

func showVars(s ui.Streams, f *flags) error {
	o, err := f.options(s)
	if err != nil {
		return err
	}
	list, err := build.Load(o)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RECIPE\tVARIABLE\tVALUE\tFROM")
	for _, r := range list {
		for _, v := range r.Vars {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Name, v.Name, v.Value, v.Origin)
		}
	}
	return table.Flush()
}

func newVersion(s ui.Streams) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the version of this program", Args: noArgs,
		Run: func(*cobra.Command, []string) { fmt.Fprintln(s.Out, program, version()) },
	}
}

// version returns the module's version, as the Go toolchain wrote it into the
// program, with the revision of a build from a clone.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && version == "(devel)" {
			version += " " + s.Value
		}
	}
	return version
}
