package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/build"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/llb"
)

func newGraph(s ui.Streams, f *flags) *cobra.Command {
	format := ""
	c := &cobra.Command{
		Use: "graph", Short: "Show what BuildKit would be asked to do", Args: noArgs,
		Long: "Show the graph of each image for each platform. The archive's package indexes are read, but no package, and no BuildKit is needed.",
		RunE: func(command *cobra.Command, _ []string) error { return showGraphs(command.Context(), s, f, format) },
	}
	c.Flags().StringVar(&format, "format", "text", "`FORMAT` of it: text, dot (Graphviz), mermaid (Markdown pages) or json")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "dot", "mermaid", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func showGraphs(ctx context.Context, s ui.Streams, f *flags, format string) error {
	show := map[string]func([]*llb.Graph) (string, error){
		"text":    graphTexts,
		"dot":     drawn((*llb.Drawing).Dot),
		"mermaid": drawn((*llb.Drawing).Mermaid),
		"json":    graphJSON,
	}[format]
	if show == nil {
		return ui.Usage(fmt.Errorf("reading --format %q: no such format", format), "write text, dot, mermaid or json")
	}
	o, err := f.options(s)
	if err != nil {
		return err
	}
	graphs, err := build.Graphs(ctx, o)
	if err != nil {
		return err
	}
	text, err := show(graphs)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(s.Out, text)
	return err
}

// graphTexts lists the vertices of each graph for itself.
func graphTexts(graphs []*llb.Graph) (string, error) {
	all := ""
	for _, g := range graphs {
		text, err := g.Text()
		if err != nil {
			return "", err
		}
		all += "# " + g.Title + "\n" + text
	}
	return all, nil
}

// drawn shows all graphs as one.
func drawn(show func(*llb.Drawing) string) func([]*llb.Graph) (string, error) {
	return func(graphs []*llb.Graph) (string, error) {
		d, err := llb.Draw(graphs...)
		if err != nil {
			return "", err
		}
		return show(d), nil
	}
}

func graphJSON(graphs []*llb.Graph) (string, error) {
	d, err := llb.Draw(graphs...)
	if err != nil {
		return "", err
	}
	data, err := json.MarshalIndent(d, "", "  ")
	return string(data) + "\n", err
}
