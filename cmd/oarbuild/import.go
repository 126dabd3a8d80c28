package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/migrate"
	"github.com/oarcluster/oarcluster/internal/ui"
)

const importExample = `  oarbuild import kameleon-recipes/from_scratch/debian-bookworm.yaml
  oarbuild import --set release=trixie debian12.yaml     a variable of the recipe, as kameleon build --global
  oarbuild import oar-docker/oardocker/templates/bookworm
  oarbuild import Dockerfile --output mine`

func newImport(s ui.Streams, f *flags) *cobra.Command {
	o := migrate.Options{}
	c := &cobra.Command{
		Use: "import FILE", Short: "Make recipes from a Kameleon recipe or an oar-docker template", Example: importExample,
		Long: "Read a Kameleon recipe with all that it extends, an oar-docker template, or a Dockerfile, and write recipes with their files. A report beside each tells what was carried over in another form, and what was not and why.",
		Args: oneFile,
		RunE: func(_ *cobra.Command, args []string) error { return importFile(s, f, o, args[0]) },
	}
	c.Flags().StringVar(&o.Output, "output", "imported", "`DIR` to write the recipes to")
	c.Flags().StringVar(&o.Tree, "tree", "", "`DIR` that the file may read from (default the nearest one above it with steps or .git in it)")
	return c
}

// oneFile is cobra.ExactArgs(1) as an error of usage.
func oneFile(command *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage(fmt.Errorf("name one file, not %d", len(args)), command)
	}
	return nil
}

// importFile imports a file and tells what became of it.
func importFile(s ui.Streams, f *flags, o migrate.Options, file string) error {
	options, err := f.options(s)
	if err != nil {
		return err
	}
	o.File, o.Set = file, options.Set
	drafts, err := migrate.Import(o)
	if err != nil {
		return err
	}
	for _, d := range drafts {
		fmt.Fprintln(s.Out, filepath.Join(o.Output, d.Name+".yaml"))
		for _, r := range d.Left() {
			fmt.Fprintf(s.Err, "not carried over: %s: %s: %s\n", r.From, shortly(r.What), r.How)
		}
		fmt.Fprintf(s.Err, "%s is the report\n", filepath.Join(o.Output, d.Name+".md"))
	}
	return nil
}

// shortly returns the beginning of a text, as one line.
func shortly(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return text
}
