package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster/doctor"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// doctorFlags are the flags of doctor: those of the deploy in mind.
type doctorFlags struct {
	specFlags
	json bool
}

// someNodes is for how many nodes doctor looks when nobody says.
const someNodes = 2

func newDoctor(s ui.Streams) *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use: "doctor [-n NODES|-f FILE] [flags of oardeploy]", Short: "Tell what keeps a cluster from coming up here", Args: noArgs,
		Long: `doctor looks at the engine and its machine, and says of each thing that a deploy
with the same flags needs whether it is there and, when it is not, what to do. It
changes nothing, and ends with exit code 1 when a deploy would fail.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = cmd.Flags()
			return runDoctor(cmd.Context(), s, f)
		},
	}
	flags := cmd.Flags()
	f.register(flags)
	f.nodes = someNodes
	nodes := flags.Lookup("nodes")
	nodes.Usage, nodes.DefValue = "for how many nodes, where no file tells", fmt.Sprint(someNodes)
	flags.BoolVar(&f.json, "json", false, "print a JSON array, one object a check")
	return cmd
}

func runDoctor(ctx context.Context, s ui.Streams, f doctorFlags) error {
	spec, err := f.spec(s.In)
	if err != nil {
		return err
	}
	var c common
	o, done, err := c.options(ctx, s)
	if err != nil {
		return err
	}
	defer done()
	verdicts, err := o.Examine(ctx, spec)
	if err == nil {
		err = printVerdicts(s, verdicts, f.json)
	}
	return err
}

// printVerdicts prints what was found. A problem is an error that says no more.
func printVerdicts(s ui.Streams, verdicts []doctor.Verdict, asJSON bool) error {
	var err error
	if asJSON {
		e := json.NewEncoder(s.Out)
		e.SetIndent("", "  ")
		err = e.Encode(verdicts)
	} else {
		w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
		for _, v := range verdicts {
			fmt.Fprintf(w, "%s\t%s\t%s\n", v.State, v.Check, v.Says)
			if v.Remedy != "" {
				fmt.Fprintf(w, "\t\t→ %s\n", v.Remedy)
			}
		}
		err = w.Flush()
	}
	if err == nil && slices.ContainsFunc(verdicts, func(v doctor.Verdict) bool { return v.State == doctor.Problem }) {
		err = ui.WithCode(errors.New(""), ui.CodeFailed)
	}
	return err
}
