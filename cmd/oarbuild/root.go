package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/build"
	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

const example = `  oarbuild --push                                  all five images, into localhost:5000/oarcluster
  oarbuild --recipe recipes/base.yaml --push       one of them, from a file
  oarbuild --recipe node --set suite=bookworm      another suite
  oarbuild --registry ghcr.io/me/oar --push        another registry`

// flags are the flags of the root command as they were given.
type flags struct {
	build.Options
	set                 []string
	push, load, print   bool
	metadata, platforms string
}

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
	root.AddCommand(newGraph(s, f), newCheck(s, f), newVars(s, f), newDaemon(s), newRegistry(s), newVersion(s))
	return root
}

// declare declares the flags: those that say what is built are everybody's.
func (f *flags) declare(root *cobra.Command) {
	every := root.PersistentFlags()
	every.StringArrayVar(&f.Recipes, "recipe", nil, "recipe `FILE`, or the name of a shipped one; may be given again (default all shipped ones)")
	every.StringArrayVar(&f.set, "set", nil, "set a variable of the recipes, `NAME=VALUE`; may be given again")
	every.StringVar(&f.platforms, "platform", "", "comma-separated `PLATFORMS` to build for (default this machine's)")
	every.StringVar(&f.Mirror, "mirror", os.Getenv("OARBUILD_MIRROR"), "`URL` of a Debian mirror, with or without /debian at its end, as OARBUILD_MIRROR (default that of this machine's apt)")
	every.Lookup("mirror").DefValue = "" // the variable may hold a password, and help prints defaults
	every.BoolVar(&f.AllowStale, "allow-stale", false, "take an archive whose Release files are out of date")

	own := root.Flags()
	own.StringVar(&f.Registry, "registry", build.DefaultRegistry, "`REPOSITORY` above the images' names")
	own.StringArrayVar(&f.Tags, "tag", nil, "tag the images `TAG` instead of as the recipes say; may be given again")
	own.BoolVar(&f.push, "push", false, "push the images to the registry")
	own.BoolVar(&f.load, "load", false, "load the images into the Docker Engine")
	own.StringVar(&f.Builder, "builder", "", "`ADDRESS` of a BuildKit, as BUILDKIT_HOST (default one found or started here)")
	own.BoolVar(&f.NoCache, "no-cache", false, "run every step again")
	own.StringVar(&f.Progress, "progress", "auto", "`DISPLAY` of the steps: auto, plain, tty, quiet or rawjson")
	own.BoolVar(&f.print, "print", false, "print the resolved recipes and build nothing")
	own.StringVar(&f.metadata, "metadata-file", "", "write what was built to `FILE`, as JSON")

	shipped := cobra.FixedCompletions(recipes.Shipped(), cobra.ShellCompDirectiveDefault)
	displays := cobra.FixedCompletions([]string{"auto", "plain", "tty", "quiet", "rawjson"}, cobra.ShellCompDirectiveNoFileComp)
	_ = root.RegisterFlagCompletionFunc("recipe", shipped) // fails for a flag that does not exist alone
	_ = root.RegisterFlagCompletionFunc("progress", displays)
}

// options turns the flags into options, or says what is wrong with them.
func (f *flags) options(s ui.Streams) (build.Options, error) {
	o := f.Options
	o.Err, o.Set = s.Err, map[string]string{}
	for _, pair := range f.set {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return o, ui.Usage(fmt.Errorf("reading --set %q: no \"=\" in it", pair), "write --set NAME=VALUE")
		}
		o.Set[name] = value
	}
	if f.platforms != "" {
		o.Platforms = strings.Split(f.platforms, ",")
	}
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return o, ui.WithCode(fmt.Errorf("reading SOURCE_DATE_EPOCH: %w", err), ui.CodeUsage)
		}
		o.Epoch = time.Unix(seconds, 0)
	}
	switch {
	case f.push && f.load:
		return o, ui.Usage(errors.New("--push and --load exclude each other"), "run oarbuild twice: the second time costs next to nothing")
	case f.push:
		o.To = buildkit.Registry
	case f.load:
		o.To = buildkit.Engine
	}
	return o, nil
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
	if err := f.checkMetadata(); err != nil {
		return err
	}
	images, err := build.Run(ctx, o)
	if err != nil {
		return err
	}
	for _, image := range images {
		fmt.Fprintln(s.Out, image.Reference)
	}
	return f.writeMetadata(images)
}

// printRecipes writes the resolved recipes as YAML documents.
func printRecipes(o build.Options, s ui.Streams) error {
	list, err := build.Load(o)
	if err != nil {
		return err
	}
	for i, r := range list {
		data, err := r.YAML()
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

// checkMetadata returns an error of usage when the file of --metadata-file could
// not be written. It leaves no file behind: the build may fail yet.
func (f *flags) checkMetadata() error {
	if f.metadata == "" {
		return nil
	}
	file, err := os.OpenFile(f.metadata, os.O_WRONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		if file, err = os.CreateTemp(filepath.Dir(f.metadata), ".metadata-*"); err == nil {
			defer os.Remove(file.Name())
		}
	}
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err // its path is that of the trial
	}
	if err != nil {
		return ui.Usage(fmt.Errorf("reading --metadata-file %q: it cannot be written: %w", f.metadata, err), "name a file in a folder that is there and that you may write to")
	}
	return file.Close()
}

// writeMetadata writes the file of --metadata-file: a JSON object with each
// image by its name.
func (f *flags) writeMetadata(images []build.Image) error {
	if f.metadata == "" {
		return nil
	}
	byName := map[string]build.Image{}
	for _, image := range images {
		byName[image.Name] = image
	}
	data, err := json.MarshalIndent(byName, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(f.metadata, append(data, '\n'), 0o644)
}
