package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// completion is how a shell learns what may come next.
type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// complete says what flags may be given. The recipes are read for it, and
// nothing else: no daemon, no network.
func (f *flags) complete(c *cobra.Command) {
	for flag, values := range map[string]completion{
		"recipe":   cobra.FixedCompletions(recipes.Shipped(), cobra.ShellCompDirectiveDefault),
		"progress": cobra.FixedCompletions([]string{"auto", "plain", "tty", "quiet", "rawjson"}, cobra.ShellCompDirectiveNoFileComp),
		"on-error": cobra.FixedCompletions([]string{"stop", "shell"}, cobra.ShellCompDirectiveNoFileComp),
		"platform": f.listed(platformsOf),
		"set":      f.variables,
		"no-cache": f.listed(stepNames),
	} {
		if c.Flags().Lookup(flag) != nil {
			_ = c.RegisterFlagCompletionFunc(flag, values) // fails for a flag that does not exist alone
		}
	}
}

// read returns the recipes that the command line names so far, none when they
// have mistakes: completion is no place to tell them. Cobra reads the command
// line twice then, so that flags are there twice.
func (f *flags) read() []*recipes.Resolved {
	slices.Sort(f.Recipes)
	f.Recipes = slices.Compact(f.Recipes)
	list, err := f.resolved(ui.Streams{})
	if err != nil {
		return nil
	}
	return list
}

// listed completes a comma-separated list of what the recipes have.
func (f *flags) listed(of func(*recipes.Resolved) []string) completion {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndex(typed, ",")+1]
		var words []string
		for _, r := range f.read() {
			for _, word := range of(r) {
				words = append(words, before+word)
			}
		}
		slices.Sort(words)
		return slices.Compact(words), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

func platformsOf(r *recipes.Resolved) []string { return r.Platforms }

// stepNames lists the steps of a recipe and those that it comes from.
func stepNames(r *recipes.Resolved) []string {
	var names []string
	for _, l := range r.Levels {
		for _, s := range l.Run {
			names = append(names, s.Name)
		}
	}
	return names
}

// variables completes NAME= of --set, and the suites that there are.
func (f *flags) variables(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	var words []string
	if strings.HasPrefix(typed, "suite=") {
		for _, s := range (recipes.Suite{}).Names() {
			words = append(words, "suite="+s)
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
	for _, r := range f.read() {
		for _, v := range r.Vars {
			words = append(words, v.Name+"=")
		}
	}
	slices.Sort(words)
	return slices.Compact(words), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
