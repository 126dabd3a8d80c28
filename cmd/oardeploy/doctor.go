package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/cluster/doctor"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// doctorFlags are the flags of doctor.
type doctorFlags struct {
	spec cluster.Spec
	bind string
	json bool
}

func newDoctor(s ui.Streams) *cobra.Command {
	f := doctorFlags{spec: cluster.Spec{Groups: []cluster.Group{{Name: "node", Cores: 1}}}}
	cmd := &cobra.Command{
		Use: "doctor [-n NODES]", Short: "Tell what keeps a cluster from coming up here", Args: noArgs,
		Long: `doctor looks at the engine and its machine, and says of each thing that a deploy
needs whether it is there and, when it is not, what to do. It changes nothing, and
ends with exit code 1 when a deploy would fail.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd.Context(), s, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.spec.Name, "name", cluster.DefaultName, "which cluster's ports and folder to look at")
	flags.IntVarP(&f.spec.Groups[0].Nodes, "nodes", "n", 2, "for how many nodes")
	flags.StringVar(&f.spec.Registry, "registry", "localhost:5000/oarcluster", "where the images are")
	flags.StringVar(&f.spec.Tag, "tag", "2.6.1", "which images: an OAR version")
	flags.StringVar(&f.bind, "bind", "127.0.0.1", "address on which ports would be published")
	flags.BoolVar(&f.json, "json", false, "print a JSON array, one object a check")
	return cmd
}

func runDoctor(ctx context.Context, s ui.Streams, f doctorFlags) error {
	var err error
	if f.spec.Bind, err = netip.ParseAddr(f.bind); err != nil {
		err = bindError(f.bind)
	}
	if err := errors.Join(err, f.spec.Validate()); err != nil {
		return ui.WithCode(err, ui.CodeUsage)
	}
	root, err := registry.Root()
	if err != nil {
		return err
	}
	d, err := dial(ctx, f.spec.Name)
	if err != nil {
		return err
	}
	defer d.Close()
	verdicts, err := deploy.Options{Engine: d, Base: base, Registry: root, Note: newBoard(s, false).note}.Examine(ctx, f.spec)
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
