package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/cluster/file"
	"github.com/oarcluster/oarcluster/internal/cluster/secrets"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// base is where the clusters' folders are. Tests have one of their own.
var base = "/tmp"

// specFlags say what cluster is wanted.
type specFlags struct {
	given         *pflag.FlagSet // to tell a flag's zero from its absence
	name          string
	nodes, cores  int
	registry, tag string
	volumes       []string
	bind          string
	httpPort      uint16
	file          string
	oarConf       []string
	told          file.Cluster // what the file says
}

func (f *specFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.name, "name", cluster.DefaultName, "which cluster; several can run at once")
	flags.IntVarP(&f.nodes, "nodes", "n", 0, "number of nodes (required without -f)")
	flags.StringVarP(&f.file, "file", "f", "", "read the cluster from a YAML file, - for standard input; flags win where\nboth speak")
	flags.IntVar(&f.cores, "cores", 1, "cores that OAR sees on each node")
	flags.StringVar(&f.registry, "registry", "localhost:5000/oarcluster", "where the images are")
	flags.StringVar(&f.tag, "tag", "2.6.1", "which images: an OAR version")
	flags.StringArrayVarP(&f.volumes, "volume", "v", nil, "share a folder with server, frontend and nodes, as HOST:CONTAINER[:ro|rw];\nrepeatable (default ./shared_data:/data)")
	flags.StringVar(&f.bind, "bind", "127.0.0.1", "address of this machine on which ports are published; whoever reaches\nit can run jobs: the API's password, docker:docker, is public")
	flags.StringArrayVar(&f.oarConf, "oar-conf", nil, "a setting of oar.conf on all hosts, as KEY=VALUE; repeatable")
	flags.Uint16Var(&f.httpPort, "http-port", 0, "port of the web pages and the API (default 48080, or a free one above it with --name)")
}

// spec makes the flags the cluster that they ask for, whose file may be in. Every error is wrong usage.
func (f *specFlags) spec(in io.Reader) (cluster.Spec, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return cluster.Spec{}, ui.WithHint(fmt.Errorf("finding the current folder: %w", err), "go to one that is there: relative paths begin with it")
	}
	machine, err := engine.Machine()
	if err != nil {
		return cluster.Spec{}, ui.WithCode(err, ui.CodeUsage)
	}
	if machine != "" {
		cwd = "" // no folder of this machine is where paths of another begin
	}
	if err := f.readFile(cwd, in); err != nil {
		return cluster.Spec{}, err
	}
	if f.nodes == 0 && !f.given.Changed("nodes") && f.file == "" {
		return cluster.Spec{}, usage("reading flags: -n NODES is missing", "say how many nodes you want: oardeploy -n 2, or -f FILE")
	}
	spec := cluster.Spec{
		Name: f.name, Groups: []cluster.Group{{Name: "node", Nodes: f.nodes, Cores: f.cores}}, Registry: f.registry, Tag: f.tag, HTTPPort: f.httpPort,
	}
	if cwd != "" {
		spec.Default = cluster.Volume{Host: filepath.Join(cwd, "shared_data"), Container: "/data"}
	}
	var errs []error
	for _, text := range f.volumes {
		v, err := cluster.ParseVolume(text, cwd)
		errs = append(errs, err)
		spec.Volumes = append(spec.Volumes, v)
	}
	if spec.Bind, err = netip.ParseAddr(f.bind); err != nil {
		errs = append(errs, bindError(f.bind))
	}
	errs = append(errs, f.merge(&spec), spec.Validate())
	if errors.Join(errs...) == nil {
		errs = append(errs, deploy.CheckVolumes(spec, machine))
	}
	return spec, ui.WithCode(errors.Join(errs...), ui.CodeUsage)
}

func bindError(text string) error {
	return usage(fmt.Sprintf("reading --bind: %q is no IP address", text), "give one of this machine's: 127.0.0.1, or 0.0.0.0 for all")
}

// common are the flags of every verb that changes something.
type common struct {
	quiet    bool
	trace    string        // the file to write it to
	patience time.Duration // what the verb's --timeout says, if it has one
}

func (c *common) register(flags *pflag.FlagSet) {
	flags.BoolVarP(&c.quiet, "quiet", "q", false, "do not tell what happens meanwhile")
	flags.StringVar(&c.trace, "trace", "", "write when what was done to this file, for https://ui.perfetto.dev")
}

// options dials the engine and collects what the verbs need. done gives it back.
func (c *common) options(ctx context.Context, s ui.Streams) (o deploy.Options, done func() error, err error) {
	root, err := registry.Root()
	if err != nil {
		return o, nil, err
	}
	d, err := engine.Dial(ctx)
	if err != nil {
		return o, nil, err
	}
	d.Patience(c.patience)
	machine, err := engine.Machine()
	if err != nil {
		return o, nil, errors.Join(err, d.Close())
	}
	b := newBoard(s, c.quiet)
	return deploy.Options{Engine: d, Machine: machine, Base: base, Registry: root, Note: b.note, Meter: b.meter, NewKeys: secrets.New}, d.Close, nil
}

// flagError makes pflag's words the user's.
func flagError(_ *cobra.Command, err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		f := invalid.GetFlag()
		return usage(fmt.Sprintf("reading --%s: %q is no valid %s", f.Name, invalid.GetValue(), f.Value.Type()), "oardeploy --help tells the flags")
	}
	return ui.Usage(fmt.Errorf("reading flags: %w", err), "oardeploy --help tells the flags")
}

func usage(text, hint string) error {
	return ui.Usage(errors.New(text), "%s", hint)
}

// noArgs and its kind make cobra's complaints about arguments wrong usage.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage(fmt.Sprintf("reading arguments: %q is neither a flag nor a verb", args[0]), "oardeploy --help tells the verbs")
}

func args(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return usage(fmt.Sprintf("reading arguments of %q: wrong number of them", cmd.Name()), "the form is: oardeploy "+cmd.Use)
		}
		return nil
	}
}
