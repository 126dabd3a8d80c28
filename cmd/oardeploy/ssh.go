package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/access"
	"github.com/oarcluster/oarcluster/internal/cluster/deploy"
	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func newSSH(_ ui.Streams) *cobra.Command {
	name := ""
	cmd := &cobra.Command{
		Use: "ssh HOST [-- CMD...]", Short: "Open a shell on a host, or run a command there, as user docker", Args: args(1, -1),
		Long: `ssh starts the ssh client with the cluster's configuration. One word after -- is
a command line for the remote shell; several are a program and its arguments,
which arrive as they are. ssh's exit code is passed on.`,
		RunE: func(cmd *cobra.Command, args []string) error { return runSSH(cmd.Context(), name, args) },
	}
	cmd.Flags().StringVar(&name, "name", cluster.DefaultName, "which cluster")
	return cmd
}

// runSSH makes this process the ssh client.
func runSSH(_ context.Context, name string, args []string) error {
	if err := deploy.CheckNames(name); err != nil {
		return err
	}
	machine, err := engine.Machine()
	if err != nil {
		return err
	}
	config, err := access.Config(base, name, machine)
	if errors.Is(err, os.ErrNotExist) {
		return ui.WithHint(fmt.Errorf("looking for cluster %q: %w", name, err), "deploy it: oardeploy -n 2, or name another with --name")
	}
	if err != nil {
		return err
	}
	program, err := exec.LookPath("ssh")
	if err != nil {
		return ui.WithHint(fmt.Errorf("looking for the ssh client: %w", err), "install it (`sudo apt-get install openssh-client`), or use oardeploy exec")
	}
	argv := []string{"ssh", "-F", config}
	if len(args) > 1 && ui.IsTerminal(os.Stdin) && ui.IsTerminal(os.Stdout) {
		argv = append(argv, "-t")
	}
	argv = append(argv, "--", args[0])
	if command := commandLine(args[1:]); command != "" {
		argv = append(argv, command)
	}
	if err := syscall.Exec(program, argv, os.Environ()); err != nil {
		return fmt.Errorf("starting %q: %w", program, err)
	}
	return nil
}

// commandLine is what the remote shell is given.
func commandLine(args []string) string {
	if len(args) == 1 {
		return args[0]
	}
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}
