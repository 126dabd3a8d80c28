package main

import (
	"context"
	"fmt"

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
		return ui.Usage(fmt.Errorf("reading --format %q: no such format", format), "write text or dot")
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
