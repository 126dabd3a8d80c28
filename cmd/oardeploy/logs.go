package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/cluster/logs"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// logsFlags are the flags of logs.
type logsFlags struct {
	name string
	part logs.Part
}

func newLogs(s ui.Streams) *cobra.Command {
	var f logsFlags
	cmd := &cobra.Command{
		Use: "logs [-f] [HOST]", Short: "Print the log of a host, or of all with their names before the lines", Args: args(0, 1),
		Long: `logs prints what hosts have said. With -f it goes on: hosts that are started later
are heard, too, and one that goes ends nothing, until the last one of the cluster does.`,
		Example: `  oardeploy logs -f
  oardeploy logs --since 10m server
  oardeploy logs -f --tail 0 node1`,
		RunE: func(cmd *cobra.Command, args []string) error { return runLogs(cmd.Context(), s, f, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", cluster.DefaultName, "which cluster")
	flags.BoolVarP(&f.part.Follow, "follow", "f", false, "go on as the logs grow, with hosts that come")
	flags.IntVarP(&f.part.Tail, "tail", "n", -1, "of each host only the last lines, that many (default all)")
	flags.DurationVar(&f.part.Since, "since", 0, "only what is not older than this, as 90s or 2h (default all)")
	return cmd
}

func runLogs(ctx context.Context, s ui.Streams, f logsFlags, hosts []string) error {
	if f.part.Since < 0 {
		return usage(fmt.Sprintf("reading --since: %s is not in the past", f.part.Since), "give how long ago that is, as 10m")
	}
	d, err := dial(ctx, f.name)
	if err != nil {
		return err
	}
	defer d.Close()
	p := newPrinter(s)
	defer p.end()
	o := logs.Options{Part: f.part, To: p.to}
	if len(hosts) == 1 {
		if _, err := (deploy.Options{Engine: d}).Find(ctx, f.name, hosts[0]); err != nil {
			return err
		}
		o.Host, o.To = hosts[0], func(string) (io.Writer, io.Writer) { return p.alone("stdout", s.Out), p.alone("stderr", s.Err) }
	}
	return logs.Show(ctx, d, f.name, o)
}

// printer writes the lines of many hosts on one output, each with its host's name.
type printer struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	coloured bool
	hosts    []string // a host's place is the number of its colour
	writers  map[string]*prefixWriter
}

func newPrinter(s ui.Streams) *printer {
	terminal := ui.IsTerminal(s.Out)
	coloured := terminal && os.Getenv("NO_COLOR") == "" // https://no-color.org
	return &printer{out: s.Out, terminal: terminal, coloured: coloured, writers: map[string]*prefixWriter{}}
}

// alone is the output of one host as it is, line by line where it is a terminal.
func (p *printer) alone(stream string, out io.Writer) io.Writer {
	if !ui.IsTerminal(out) {
		return out
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.next(stream)
	w.out, w.terminal = out, true
	return w
}

// next is a host's writer after its former one. Its caller has the lock.
func (p *printer) next(host string) *prefixWriter {
	if former := p.writers[host]; former != nil {
		former.end()
	} else {
		p.hosts = append(p.hosts, host)
	}
	w := &prefixWriter{mu: &p.mu, out: p.out, terminal: p.terminal}
	p.writers[host] = w
	return w
}

// to is a new log of a host.
func (p *printer) to(host string) (stdout, stderr io.Writer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.next(host)
	w.prefix = prefix(slices.Index(p.hosts, host), host, p.coloured)
	return w, w
}

// end writes what the hosts have said without an end of line.
func (p *printer) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, host := range p.hosts {
		p.writers[host].end()
	}
}

// prefix stands before the lines of the i-th host, the same each time.
func prefix(i int, host string, coloured bool) string {
	text := fmt.Sprintf("%-9s| ", host)
	if !coloured {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", []int{36, 33, 32, 35, 34, 31}[i%6], text)
}

// prefixWriter writes whole lines with a prefix, many writers on one output.
type prefixWriter struct {
	mu       *sync.Mutex
	out      io.Writer
	terminal bool // which hosts must not control
	prefix   string
	rest     []byte
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
		if err := w.line(line); err != nil {
			return 0, err
		}
	}
}

func (w *prefixWriter) line(text []byte) error {
	if w.terminal {
		text = []byte(ui.Streams{}.Plain(string(text)))
	}
	_, err := fmt.Fprintf(w.out, "%s%s\n", w.prefix, text)
	return err
}

// end writes what is left of a line. Its caller has the lock.
func (w *prefixWriter) end() {
	if len(w.rest) > 0 {
		_ = w.line(w.rest) // it is the last one: nobody is left to tell
		w.rest = nil
	}
}
