package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/manual"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// deployFlags are the flags of the program itself.
type deployFlags struct {
	specFlags
	common
	timeout               time.Duration
	connect, json, dryRun bool
	keep                  bool
}

func newRoot(s ui.Streams) *cobra.Command {
	var f deployFlags
	cmd := &cobra.Command{
		Use:   "oardeploy -n NODES [-c] [-v HOST:CONTAINER[:ro]]...",
		Short: "Run an OAR cluster in containers on this machine",
		Long: `oardeploy runs a real OAR cluster in containers on this machine: a server, a
frontend and as many nodes as you like, ready in seconds. Run again with other
flags, it changes only what differs.`,
		Example: `  oardeploy -n 6 -c            six nodes, then a shell on the frontend
  oardeploy -n 2 -v ~/src:/src two nodes that see your sources
  oardeploy exec frontend -- oarnodes
  oardeploy clean              all gone`,
		Args: noArgs, SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = cmd.Flags()
			return runDeploy(cmd.Context(), s, f)
		},
	}
	f.specFlags.register(cmd.Flags())
	f.common.register(cmd.Flags())
	cmd.Flags().DurationVar(&f.timeout, "timeout", 2*time.Minute, "how long the cluster may take to be ready")
	cmd.Flags().BoolVarP(&f.connect, "connect", "c", false, "open a shell on the frontend when the cluster is ready")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object instead of the closing block")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "print the plan and change nothing")
	cmd.Flags().BoolVar(&f.keep, "keep-on-failure", false, "leave a cluster that did not become ready")
	cmd.SetOut(s.Out)
	cmd.SetErr(s.Err)
	cmd.SetFlagErrorFunc(flagError)
	cmd.AddCommand(newPlan(s), newClean(s), newStatus(s), newSSH(s), newExec(s), newLogs(s), manual.Command(s.Out, exitCodes, args(1, 1)), newVersion(s))
	return cmd
}

func runDeploy(ctx context.Context, s ui.Streams, f deployFlags) error {
	spec, err := f.spec()
	if err != nil {
		return err
	}
	if f.dryRun && f.json {
		return usage("reading flags: --dry-run and --json exclude each other", "a plan is text, one step a line")
	}
	if f.dryRun {
		return printPlan(ctx, s, spec, f.common)
	}
	if f.connect && f.json {
		return ui.WithCode(errors.New("reading flags: --connect and --json exclude each other"), ui.CodeUsage)
	}
	warnOfBind(s, spec.Bind)
	o, done, err := f.options(ctx, s)
	if err != nil {
		return err
	}
	defer done()
	o.Timeout, o.Keep = f.timeout, f.keep
	begin := time.Now()
	info, err := deploy.Deploy(ctx, spec, o)
	if err != nil {
		return err
	}
	o.Note(fmt.Sprintf("ready after %.1f s", time.Since(begin).Seconds()))
	if err := printInfo(s, info, f.json); err != nil || !f.connect {
		return err
	}
	return runSSH(ctx, spec.Name, []string{"frontend"})
}

// warnOfBind tells that others can use the cluster, quiet or not.
func warnOfBind(s ui.Streams, bind netip.Addr) {
	if !bind.IsLoopback() {
		fmt.Fprintf(s.Err, "oardeploy: warning: whoever reaches %s can run jobs: the API's password, docker:docker, is public\n", bind)
	}
}

func printInfo(s ui.Streams, info access.Info, asJSON bool) error {
	if !asJSON {
		_, err := fmt.Fprint(s.Out, info.Text())
		return err
	}
	e := json.NewEncoder(s.Out)
	e.SetIndent("", "  ")
	return e.Encode(info)
}
