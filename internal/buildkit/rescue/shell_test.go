package rescue

import (
	"errors"
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	gatewaypb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
)

// exited is how a shell ends whose last command failed: no mistake of ours.
var exited error = &gatewaypb.ExitError{ExitCode: 3}

func TestAShellHasTheTerminalAndGivesItBack(t *testing.T) {
	c, u := terminal(t)
	state := &container{sizes: make(chan gateway.WinSize, 8), released: make(chan struct{})}
	decisions, _ := asked(t.Context(), c, Failure{
		Err: errors.New("broken"), Step: "x", Gateway: state,
		Container: &gateway.NewContainerRequest{Hostname: "h"}, Shell: &gateway.StartRequest{Args: []string{"sh"}, Tty: true},
	})
	u.sees(t, "[s]hell")
	if err := pty.Setsize(u.keys, &pty.Winsize{Rows: 33, Cols: 99}); err != nil {
		t.Fatal(err)
	}
	u.types(t, "s\n")
	u.sees(t, "step -x")
	if size := <-state.sizes; size.Rows != 33 || size.Cols != 99 {
		t.Errorf("the shell's size is %v", size)
	}
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	<-state.sizes
	u.types(t, "a\x03b")
	u.sees(t, "A\x03B") // without a newline, and Ctrl-C as a key
	u.types(t, "q")
	u.sees(t, "[r]etry")
	<-state.released
	u.types(t, "r\n")
	if d := <-decisions; d.Answer != Retry {
		t.Errorf("got %+v", d)
	}
	if state.made.Hostname != "h" || !state.start.Tty || state.start.Args[0] != "sh" {
		t.Errorf("the container is %+v, the process %+v", state.made, state.start)
	}
}

func TestAShellThatCannotStartLeadsBackToTheMenu(t *testing.T) {
	c, u := terminal(t)
	state := &container{refuses: errors.New("no more containers")}
	decisions, _ := asked(t.Context(), c, Failure{Err: errors.New("broken"), Gateway: state, Container: &gateway.NewContainerRequest{}})
	u.sees(t, "? ")
	u.types(t, "s\n")
	u.sees(t, "the shell failed: making its container: no more containers")
	u.types(t, "a\n")
	if d := <-decisions; d.Answer != Abort {
		t.Errorf("got %+v", d)
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	op := &pb.ExecOp{
		Network: pb.NetMode_HOST,
		Meta:    &pb.Meta{Args: []string{"/bin/sh"}, Env: []string{"A=b"}, Cwd: "/w"},
		Mounts: []*pb.Mount{{Dest: "/"}, {Dest: "/below", Readonly: true, Selector: "/x"},
			{Dest: "/run/secrets/s", MountType: pb.MountType_SECRET, SecretOpt: &pb.SecretOpt{ID: "s"}}},
	}
	failed := func(ids ...string) error {
		return fmt.Errorf("somewhere: %w", &errdefs.SolveError{Err: errors.New("x"), Solve: &errdefs.Solve{
			Op: &pb.Op{Op: &pb.Op_Exec{Exec: op}, Platform: &pb.Platform{Architecture: "arm64"}}, MountIDs: ids,
		}})
	}
	f := Failure{}
	f.Inspect(nil, failed("root", "below", ""))
	want := []gateway.Mount{{Dest: "/", ResultID: "root"}, {Dest: "/below", Readonly: true, Selector: "/x", ResultID: "below"},
		{Dest: "/run/secrets/s", MountType: pb.MountType_SECRET, SecretOpt: &pb.SecretOpt{ID: "s"}}}
	if !reflect.DeepEqual(f.Container.Mounts, want) || f.Container.NetMode != pb.NetMode_HOST || f.Container.Platform.Architecture != "arm64" {
		t.Errorf("the container is %+v", f.Container)
	}
	if f.Shell.Cwd != "/w" || f.Shell.Env[0] != "A=b" || !strings.HasPrefix(f.Shell.Env[1], "TERM=") || !f.Shell.Tty {
		t.Errorf("the process is %+v", f.Shell)
	}
	for _, err := range []error{errors.New("no step"), failed("root"), &errdefs.SolveError{Solve: &errdefs.Solve{}}} {
		f := Failure{}
		if f.Inspect(nil, err); f.Container != nil || f.Shell != nil {
			t.Errorf("%v: there is a container", err)
		}
	}
}

// The command that runs a step again must give it its arguments as they were.
func TestArgumentsAreQuoted(t *testing.T) {
	t.Parallel()
	args := []string{"a b", "it's", "", `$HOME "x" \`, "two\nlines"}
	out, err := exec.Command("sh", "-c", "printf '<%s>' "+quoted(args)).Output()
	if want := "<" + strings.Join(args, "><") + ">"; err != nil || string(out) != want {
		t.Errorf("got %s, %v; want %s", out, err, want)
	}
}
