package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/build"
	"github.com/oarcluster/oarcluster/internal/build/files"
	"github.com/oarcluster/oarcluster/internal/manual"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

const example = `  oarbuild --push                                  all five images, into localhost:5000/oarcluster
  oarbuild --recipe recipes/base.yaml --push       one of them, from a file
  oarbuild --recipe node --set suite=bookworm      another suite
  oarbuild --registry ghcr.io/me/oar --push        another registry`

// newRoot returns the whole command line, which writes to the streams.
func newRoot(s ui.Streams) *cobra.Command {
	f := &flags{}
	root := &cobra.Command{
		Use: program, Short: "Build the images of an OAR cluster from the Debian archive", Example: example,
		Args: noArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(command *cobra.Command, _ []string) error { return f.run(command.Context(), s) },
	}
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error { return usage(err, command) })
	f.declare(root)
	root.AddCommand(
		f.reads(newCheck(s, f)),
		f.reads(newVars(s, f)),
		f.reads(newGraph(s, f)),
		newSchema(s),
		f.readsVariables(newExport(s, f)),
		f.readsVariables(newImport(s, f)),
		f.reads(newLock(s, f)),
		newDiff(s),
		newDaemon(s),
		manual.Command(s.Out, exitCodes, oneFile),
		newPrune(s),
		newRegistry(s),
		newVersion(s),
	)
	return root
}

// resolved reads the recipes that the flags name.
func (f *flags) resolved(s ui.Streams) ([]*recipes.Resolved, error) {
	o, err := f.options(s)
	if err != nil {
		return nil, err
	}
	return build.Load(o)
}

// run builds the images, or prints what it would build.
func (f *flags) run(ctx context.Context, s ui.Streams) error {
	o, err := f.options(s)
	if err != nil {
		return err
	}
	if f.print {
		return printRecipes(o, s)
	}
	if err := f.checkMetadata(o.To); err != nil {
		return err
	}
	images, err := build.Run(ctx, o)
	if err != nil {
		return f.aboutNothing(err)
	}
	printResults(s, images)
	return f.writeMetadata(images)
}

// printResults writes a line for each image, its reference; for a root file
// system, which has none, the file. An image that went to standard output is
// there instead.
func printResults(s ui.Streams, images []build.Image) {
	for _, image := range images {
		switch {
		case image.Reference == "":
			for _, file := range image.Files {
				fmt.Fprintln(s.Out, file)
			}
		case image.Files == nil || len(image.Files) > 0:
			fmt.Fprintln(s.Out, image.Reference)
		}
	}
}

// printRecipes writes the resolved recipes as YAML documents.
func printRecipes(o build.Options, s ui.Streams) error {
	list, err := build.Load(o)
	if err != nil {
		return err
	}
	for i, r := range list {
		data, err := files.Print(r)
		if err != nil {
			return fmt.Errorf("printing recipe %s: %w", r.File, err)
		}
		if i > 0 {
			fmt.Fprintln(s.Out, "---")
		}
		if _, err := s.Out.Write(data); err != nil {
			return err
		}
	}
	return nil
}
