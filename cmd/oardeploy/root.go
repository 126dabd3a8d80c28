package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/manual"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// deployFlags are the flags of the program itself.
type deployFlags struct {
	specFlags
	common
	timeout               time.Duration
	connect, json, dryRun bool
	keep, print           bool
	wait                  string
}

func newRoot(s ui.Streams) *cobra.Command {
	var f deployFlags
	cmd := &cobra.Command{
		Use:   "oardeploy -n NODES|-f FILE [-c] [-v HOST:CONTAINER[:ro]]...",
		Short: "Run an OAR cluster in containers on this machine",
		Long: `oardeploy runs a real OAR cluster in containers on this machine: a server, a
frontend and as many nodes as you like, ready in seconds. Run again with other
flags, it changes only what differs.`,
		Example: `  oardeploy -n 6 -c            six nodes, then a shell on the frontend
  oardeploy -n 2 -v ~/src:/src two nodes that see your sources
  oardeploy -f cluster.yaml    groups of nodes, queues, users: docs/cluster-file.md
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
	cmd.Flags().BoolVar(&f.print, "print", false, "print the cluster that flags and file ask for, as a file, and change nothing;\na file has OAR's settings whole, where flags leave them as they are")
	cmd.Flags().StringVar(&f.wait, "wait", "ready", "what to wait for: ready, or started")
	cmd.Flags().BoolVar(&f.keep, "keep-on-failure", false, "leave a cluster that did not become ready")
	cmd.AddCommand(newSchema(s))
	cmd.SetOut(s.Out)
	cmd.SetErr(s.Err)
	cmd.SetFlagErrorFunc(flagError)
	cmd.AddCommand(newPlan(s), newClean(s), newScale(s), newStop(s), newStart(s), newRestart(s), newStatus(s), newDoctor(s), newSSH(s), newExec(s), newLogs(s), newCp(s), manual.Command(s.Out, exitCodes, args(1, 1)), newVersion(s))
	return cmd
}

func runDeploy(ctx context.Context, s ui.Streams, f deployFlags) error {
	spec, err := f.spec(s.In)
	if err != nil {
		return err
	}
	if !f.given.Changed("timeout") && f.told.Timeout != 0 {
		f.timeout = f.told.Timeout
	}
	if f.wait != "ready" && f.wait != "started" {
		return usage(fmt.Sprintf("reading --wait: %q is neither ready nor started", f.wait), "started returns when the containers run, before OAR answers")
	}
	if f.print {
		return printCluster(s, spec, f.timeout)
	}
	if f.dryRun && f.json {
		return errPlanIsText
	}
	if f.dryRun {
		return printPlan(ctx, s, spec, f.common)
	}
	if f.connect && f.json {
		return usage("reading flags: --connect and --json exclude each other", "deploy with --json, then open the shell: oardeploy ssh frontend")
	}
	warnOfBind(s, spec.Bind)
	if err := f.bring(ctx, s, spec); err != nil || !f.connect {
		return err
	}
	return runSSH(ctx, spec.Name, []string{"frontend"})
}

// bring brings the cluster up and tells the way there. Its connections are closed when
// it returns: ssh, which takes the place of this process, could not do it.
func (f deployFlags) bring(ctx context.Context, s ui.Streams, spec cluster.Spec) error {
	f.patience = f.timeout
	o, done, err := f.options(ctx, s)
	if err != nil {
		return err
	}
	defer done()
	o.Timeout, o.Keep, o.Unready = f.timeout, f.keep, f.wait == "started"
	ui.OnStop(ctx, "`oardeploy clean %s` removes what is left", spec.Name)
	return untilReady(s, o, f.json, func() (info access.Info, err error) {
		err = f.traced(ctx, func(ctx context.Context) error {
			info, err = o.Deploy(ctx, spec)
			return err
		})
		return info, err
	})
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
