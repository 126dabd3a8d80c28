package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/build/files"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func newExport(s ui.Streams, f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "export RECIPE FOLDER", Short: "Copy a recipe with all that it needs into an empty folder", Args: exportArgs,
		Long: "Copy a recipe with the recipes that it comes from, what these include, their files and keyrings, and its lock if it has one, into an empty folder. The copy builds alone, to the same graph. Print the path of the recipe in it.",
		RunE: func(_ *cobra.Command, args []string) error { return export(s, f, args[0], args[1]) },
	}
}

func exportArgs(command *cobra.Command, args []string) error {
	if len(args) != 2 {
		return usage(fmt.Errorf("export takes a recipe and a folder, not %d arguments", len(args)), command)
	}
	return nil
}

func export(s ui.Streams, f *flags, recipe, folder string) error {
	o, err := f.options(s)
	if err != nil {
		return err
	}
	file, err := files.Export(recipe, o.Set, folder)
	if err == nil {
		fmt.Fprintln(s.Out, file)
	}
	return err
}
