package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/docker/cli/cli/connhelper"
	"github.com/docker/cli/cli/connhelper/ssh"
	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// tunnel is an ssh connection to the engine's machine. Each connection to the engine
// is a session in it that runs `docker system dial-stdio` there: one login serves all
// that sshd allows (ten, MaxSessions of sshd_config(5)); ssh logs in anew for others.
type tunnel struct {
	folder
	spec []string // ssh's arguments that name the machine
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// openTunnel logs in; ssh asks on the terminal for what it needs.
func openTunnel(ctx context.Context, host string) (*tunnel, error) {
	spec, err := ssh.ParseURL(host)
	if err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("ssh"); err != nil {
		return nil, ui.WithHint(err, "install it: sudo apt-get install openssh-client")
	}
	t := &tunnel{spec: spec.Args()}
	if t.folder, err = newFolder(); err != nil {
		return nil, err
	}
	control := "-oControlPath=" + filepath.Join(t.dir, "control")
	helper, err := connhelper.GetConnectionHelperWithSSHOpts(host, []string{control})
	if err == nil {
		t.dial = helper.Dialer
		// Should this process be killed, the connection ends a minute later by itself.
		err = t.ssh(ctx, "-fNMT", "-oControlPersist=60", "-oConnectTimeout=30")
	}
	if err != nil {
		return nil, errors.Join(err, t.remove())
	}
	return t, nil
}

// ssh runs ssh for this tunnel. Its standard error is a file: the connection that
// stays in the background would keep a pipe open.
func (t *tunnel) ssh(ctx context.Context, args ...string) error {
	said, err := os.Create(filepath.Join(t.dir, "stderr"))
	if err != nil {
		return err
	}
	defer said.Close()
	cmd := exec.CommandContext(ctx, "ssh", append(append(args, "-oControlPath="+filepath.Join(t.dir, "control")), t.spec...)...)
	cmd.Stderr = said
	if err = cmd.Run(); err == nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	text, _ := os.ReadFile(said.Name()) // without ssh's words its status alone must do
	return fmt.Errorf("%w: %s", err, bytes.TrimSpace(text))
}

// options are what the engine's client needs to know of the tunnel.
func (t *tunnel) options(connections *http.Transport) []client.Opt {
	// A connection is a process, so none is closed that will be needed again.
	connections.MaxIdleConnsPerHost = 32
	return []client.Opt{
		client.WithHTTPClient(&http.Client{Transport: connections}), client.WithHost("http://docker.example.com"), client.WithDialContext(t.dial),
	}
}

// lend makes a port of this machine's loopback appear at the same port of the
// engine's machine.
func (t *tunnel) lend(ctx context.Context, port string) (stop func(), err error) {
	// Of "localhost" over there one of two addresses would be enough to succeed.
	forward := strings.Join([]string{"127.0.0.1", port, "localhost", port}, ":")
	if err := t.ssh(ctx, "-O", "forward", "-R", forward); err != nil {
		return nil, fmt.Errorf("forwarding port %s to the engine's machine: %w", port, err)
	}
	return func() {
		// What cannot be taken back ends with the connection.
		_ = t.ssh(context.WithoutCancel(ctx), "-O", "cancel", "-R", forward)
	}, nil
}

// close logs out.
func (t *tunnel) close() error {
	return errors.Join(t.ssh(context.Background(), "-O", "exit"), t.remove())
}
