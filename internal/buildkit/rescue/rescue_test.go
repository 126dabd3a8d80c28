package rescue

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// user is somebody at a terminal.
type user struct {
	keys *os.File

	mu     sync.Mutex
	screen bytes.Buffer
}

// terminal returns a console, and the user before it.
func terminal(t *testing.T) (*Console, *user) {
	t.Helper()
	t.Setenv("TERM", "xterm")
	front, back, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { front.Close(); back.Close() })
	c, err := New(back, back)
	if err != nil {
		t.Fatal(err)
	}
	u := &user{keys: front}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := front.Read(buffer)
			u.mu.Lock()
			u.screen.Write(buffer[:n])
			u.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return c, u
}

// sees waits until the screen shows a text, and wipes it.
func (u *user) sees(t *testing.T, text string) string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		u.mu.Lock()
		shown := u.screen.String()
		if strings.Contains(shown, text) {
			u.screen.Reset()
			u.mu.Unlock()
			return shown
		}
		u.mu.Unlock()
	}
	t.Fatalf("the screen does not show %q:\n%s", text, u.screen.String())
	return ""
}

func (u *user) types(t *testing.T, keys string) {
	t.Helper()
	if _, err := u.keys.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// asked asks in the background.
func asked(ctx context.Context, c *Console, f Failure) (chan *Decision, chan error) {
	decisions, errs := make(chan *Decision, 1), make(chan error, 1)
	go func() {
		decision, err := c.Ask(ctx, f)
		errs <- err
		decisions <- decision
	}()
	return decisions, errs
}

func TestNewNeedsATerminal(t *testing.T) {
	_, err := New(strings.NewReader(""), &bytes.Buffer{})
	code := ui.Main("p", ui.Streams{Err: &bytes.Buffer{}}, func(context.Context) error { return err })
	if err == nil || code != ui.CodeUsage {
		t.Errorf("got %v, exit code %d", err, code)
	}
}

func TestAnswers(t *testing.T) {
	broken := errors.New("step x ended with exit status 1")
	for _, tc := range []struct {
		name, typed string
		failure     Failure
		want        Answer
	}{
		{"retry", "r\n", Failure{Step: "x"}, Retry},
		{"continue", "C\n", Failure{Step: "x"}, Continue},
		{"abort", "abort\n", Failure{Step: "x"}, Abort},
		{"the end of the input aborts", "\x04", Failure{Step: "x"}, Abort},
		{"something else is asked again", "what?\n\n r \n", Failure{Step: "x"}, Retry},
		{"no step to go on from", "c\nr\n", Failure{}, Retry},
		{"no state to look at", "s\na\n", Failure{Step: "x"}, Abort},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, u := terminal(t)
			tc.failure.Err = broken
			decisions, _ := asked(t.Context(), c, tc.failure)
			shown := u.sees(t, "? ")
			if !strings.Contains(shown, broken.Error()) || strings.Contains(shown, "[c]ontinue") != (tc.failure.Step != "") || strings.Contains(shown, "[s]hell") {
				t.Errorf("the menu is\n%s", shown)
			}
			u.types(t, tc.typed)
			d := <-decisions
			if d == nil || d.Answer != tc.want || d.Step != tc.failure.Step || !errors.Is(d, broken) || d.Error() != broken.Error() {
				t.Errorf("got %+v", d)
			}
		})
	}
}

func TestAnInterruptionEndsTheQuestion(t *testing.T) {
	c, u := terminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	decisions, errs := asked(ctx, c, Failure{Err: errors.New("x")})
	u.sees(t, "? ")
	cancel()
	if err, d := <-errs, <-decisions; !errors.Is(err, context.Canceled) || d != nil {
		t.Errorf("got %v, %v", d, err)
	}
	if _, err := c.Ask(ctx, Failure{Err: errors.New("another")}); !errors.Is(err, context.Canceled) {
		t.Errorf("asked once more: %v", err)
	}
}

// One failure at a time has the terminal: the next one waits for its turn.
func TestQuestionsTakeTurns(t *testing.T) {
	c, u := terminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	first, _ := asked(ctx, c, Failure{Err: errors.New("first failure"), Step: "x"})
	u.sees(t, "? ")
	_, errs := asked(ctx, c, Failure{Err: errors.New("second failure"), Step: "y"})
	u.types(t, "nothing\n")
	if shown := u.sees(t, "? "); strings.Contains(shown, "second") {
		t.Errorf("two questions at once:\n%s", shown)
	}
	cancel() // as a build does when the first has been decided
	<-first
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Errorf("the second question ended with %v", err)
	}
}

// container is a gateway, a container and a process in one, which repeats in
// capitals what is typed until that ends with a q.
type container struct {
	gateway.Client
	gateway.Container
	made     gateway.NewContainerRequest
	start    gateway.StartRequest
	sizes    chan gateway.WinSize
	released chan struct{}
	refuses  error
}

func (c *container) NewContainer(_ context.Context, r gateway.NewContainerRequest) (gateway.Container, error) {
	c.made = r
	return c, c.refuses
}

func (c *container) Start(_ context.Context, r gateway.StartRequest) (gateway.ContainerProcess, error) {
	c.start = r
	return process{container: c}, nil
}

func (c *container) Release(context.Context) error { close(c.released); return nil }

type process struct {
	gateway.ContainerProcess
	*container
}

func (p process) Wait() error {
	keys := make([]byte, 16)
	for {
		n, err := p.start.Stdin.Read(keys)
		if err != nil {
			return err
		}
		if _, err := p.start.Stdout.Write(bytes.ToUpper(keys[:n])); err != nil {
			return err
		}
		if keys[n-1] == 'q' {
			return exited
		}
	}
}

func (p process) Resize(_ context.Context, size gateway.WinSize) error {
	p.sizes <- size
	return nil
}
