package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// changeFlags are the flags of verbs that change one cluster.
type changeFlags struct {
	common
	name   string
	dryRun bool
}

func (f *changeFlags) register(flags *pflag.FlagSet) {
	f.common.register(flags)
	flags.StringVar(&f.name, "name", cluster.DefaultName, "which cluster")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the plan and change nothing")
}

// change changes the cluster, or prints the plan of that.
func (f changeFlags) change(ctx context.Context, s ui.Streams, plan func(deploy.Options) (string, error), do func(context.Context, deploy.Options) error) error {
	if err := deploy.CheckNames(f.name); err != nil {
		return err
	}
	o, done, err := f.options(ctx, s)
	if err != nil {
		return err
	}
	defer done()
	if !f.dryRun {
		ui.OnStop(ctx, "the same command again does what is left; `oardeploy clean %s` removes the cluster", f.name)
		return f.traced(ctx, func(ctx context.Context) error { return do(ctx, o) })
	}
	text, err := plan(o)
	if err == nil {
		_, err = fmt.Fprint(s.Out, text)
	}
	return err
}

// waitFlags are the flags of verbs that end when the cluster is ready.
type waitFlags struct {
	changeFlags
	timeout time.Duration
	json    bool
}

func (f *waitFlags) register(flags *pflag.FlagSet) {
	f.changeFlags.register(flags)
	flags.DurationVar(&f.timeout, "timeout", 2*time.Minute, "how long the cluster may take to be ready")
	flags.BoolVar(&f.json, "json", false, "print one JSON object instead of the closing block")
}

// bring changes the cluster and tells the way there, or prints the plan.
func (f waitFlags) bring(ctx context.Context, s ui.Streams, plan func(deploy.Options) (string, error), do func(context.Context, deploy.Options) (access.Info, error)) error {
	if f.dryRun && f.json {
		return errPlanIsText
	}
	f.patience = f.timeout
	return f.change(ctx, s, plan, func(ctx context.Context, o deploy.Options) error {
		o.Timeout = f.timeout
		return untilReady(s, o, f.json, func() (access.Info, error) { return do(ctx, o) })
	})
}

var errPlanIsText = usage("reading flags: --dry-run and --json exclude each other", "a plan is text, one step a line")

// untilReady tells how long a cluster took to be ready, and the way there.
func untilReady(s ui.Streams, o deploy.Options, asJSON bool, bring func() (access.Info, error)) error {
	begin := time.Now()
	info, err := bring()
	if err != nil {
		return err
	}
	if !o.Unready {
		o.Note(fmt.Sprintf("ready after %.1f s", time.Since(begin).Seconds()))
	}
	return printInfo(s, info, asJSON)
}
