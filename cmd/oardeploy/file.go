package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/file"
	"github.com/oarcluster/oarcluster/internal/cluster/oar"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// readFile reads the file that -f names, "-" is in. Its paths are relative to its
// folder, but for those of another machine, for which there is no cwd.
func (f *specFlags) readFile(cwd string, in io.Reader) error {
	var text []byte
	var err error
	name := f.file
	switch name {
	case "":
		return nil
	case "-":
		name = "standard input"
		text, err = io.ReadAll(in)
	default:
		text, err = os.ReadFile(name)
	}
	if err != nil {
		return ui.Usage(fmt.Errorf("reading the cluster file: %w", err), "-f names a file as docs/cluster-file.md has them")
	}
	dir := filepath.Dir(f.file)
	switch {
	case cwd == "":
		dir = ""
	case !filepath.IsAbs(dir):
		dir = filepath.Join(cwd, dir)
	}
	f.told, err = file.Read(name, text, dir)
	return ui.WithCode(err, ui.CodeUsage)
}

// merge puts what the file says under what flags say.
func (f *specFlags) merge(s *cluster.Spec) error {
	told := f.told.Spec
	take(f, "name", &s.Name, told.Name)
	take(f, "registry", &s.Registry, told.Registry)
	take(f, "tag", &s.Tag, told.Tag)
	take(f, "bind", &s.Bind, told.Bind)
	take(f, "http-port", &s.HTTPPort, told.HTTPPort)
	if !f.given.Changed("volume") {
		s.Volumes = told.Volumes
	}
	s.OAR = told.OAR
	errs := []error{f.mergeNodes(s)}
	for _, text := range f.oarConf {
		name, value, err := file.Setting(text)
		errs = append(errs, err)
		if s.OAR == nil {
			s.OAR = &oar.Settings{}
		}
		if s.OAR.Conf == nil {
			s.OAR.Conf = map[string]string{}
		}
		s.OAR.Conf[name] = value
	}
	return errors.Join(errs...)
}

// take takes what the file says, unless the flag was given or the file says nothing.
func take[T comparable](f *specFlags, flag string, value *T, told T) {
	var nothing T
	if told != nothing && !f.given.Changed(flag) {
		*value = told
	}
}

// mergeNodes takes the file's groups. -n and --cores are about one of them.
func (f *specFlags) mergeNodes(s *cluster.Spec) error {
	flags := s.Groups[0]
	if f.file == "" {
		return nil
	}
	s.Groups = f.told.Spec.Groups
	nodes, cores := f.given.Changed("nodes"), f.given.Changed("cores")
	if (nodes || cores) && len(s.Groups) != 1 {
		return usage(fmt.Sprintf("reading flags: -n and --cores are about one group, and %q has %d", f.file, len(s.Groups)), "change the file, or give a running cluster another number of nodes: oardeploy scale GROUP=NODES")
	}
	if nodes {
		s.Groups[0].Nodes = flags.Nodes
	}
	if cores {
		s.Groups[0].Cores = flags.Cores
	}
	return nil
}

// printCluster prints what flags and file ask for, as a file.
func printCluster(s ui.Streams, spec cluster.Spec, timeout time.Duration) error {
	text, err := file.Print(file.Cluster{Spec: spec, Timeout: timeout})
	if err != nil {
		return err
	}
	_, err = s.Out.Write(text)
	return err
}

func newSchema(s ui.Streams) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of cluster files, for editors", Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return printSchema(s) },
	}
}

func printSchema(s ui.Streams) error {
	text, err := file.Table().Schema("oardeploy cluster file")
	if err != nil {
		return err
	}
	_, err = s.Out.Write(text)
	return err
}
