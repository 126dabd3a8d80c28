package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// logsFlags are the flags of logs.
type logsFlags struct {
	name   string
	follow bool
	tail   int
}

func newLogs(s ui.Streams) *cobra.Command {
	var f logsFlags
	cmd := &cobra.Command{
		Use: "logs [-f] [HOST]", Short: "Print the log of a host, or of all with their names before the lines", Args: args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return runLogs(cmd.Context(), s, f, args) },
	}
	cmd.Flags().StringVar(&f.name, "name", cluster.DefaultName, "which cluster")
	cmd.Flags().BoolVarP(&f.follow, "follow", "f", false, "go on as the log grows")
	cmd.Flags().IntVar(&f.tail, "tail", -1, "only the last lines, that many (default all)")
	return cmd
}

func runLogs(ctx context.Context, s ui.Streams, f logsFlags, hosts []string) error {
	if err := deploy.CheckNames(f.name); err != nil {
		return err
	}
	d, err := engine.Dial(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	found, err := deploy.Status(ctx, []string{f.name}, d)
	if err != nil {
		return err
	}
	o := found[f.name]
	if len(hosts) == 1 {
		c, ok := o.Host(f.name, hosts[0])
		if !ok {
			_, err := deploy.Find(ctx, f.name, hosts[0], d)
			return err
		}
		return d.Logs(ctx, c.ID, f.tail, f.follow, s.Out, s.Err)
	}
	if len(o.Containers) == 0 {
		return ui.WithHint(fmt.Errorf("reading logs: there is no cluster %q", f.name), "oardeploy status lists the clusters")
	}
	var g errgroup.Group
	var mu sync.Mutex
	errs := make([]error, len(o.Containers))
	for i, c := range o.Containers {
		w := &prefixWriter{mu: &mu, out: s.Out, prefix: fmt.Sprintf("%-9s| ", c.Hostname(f.name))}
		g.Go(func() error { errs[i] = d.Logs(ctx, c.ID, f.tail, f.follow, w, w); return nil })
	}
	_ = g.Wait() // the errors are in errs, all of them
	return errors.Join(errs...)
}

// prefixWriter writes whole lines with a prefix, many writers on one output.
type prefixWriter struct {
	mu     *sync.Mutex
	out    io.Writer
	prefix string
	rest   []byte
}

func (w *prefixWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.rest = rest
		if _, err := fmt.Fprintf(w.out, "%s%s\n", w.prefix, line); err != nil {
			return 0, err
		}
	}
}
