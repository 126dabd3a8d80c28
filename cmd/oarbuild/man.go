package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/manual"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// exitCodes is what the manual says of them.
const exitCodes = `0 Done.
1 Something failed, or there are differences: diff --exit-code, lock --check.
2 The usage or a recipe is wrong.
3 There was nothing to do: --if-changed.
130 Interrupted.
`

// newMan writes manual pages, for who packages the program.
func newMan(s ui.Streams) *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write the manual pages to a folder", Hidden: true, Args: oneFile,
		RunE: func(command *cobra.Command, args []string) error { return writeManual(s, command.Root(), args[0]) },
	}
}

func writeManual(s ui.Streams, root *cobra.Command, dir string) error {
	pages, err := manual.Write(root, dir, exitCodes)
	for _, page := range pages {
		fmt.Fprintln(s.Out, filepath.Join(dir, page))
	}
	return err
}
