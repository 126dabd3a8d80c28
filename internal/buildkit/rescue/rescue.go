// Package rescue asks the user what becomes of a step that failed: to try again,
// to go on, to end, or to look around first in a shell.
//
// The shell runs in a container of BuildKit's gateway API, made of the very file
// systems that the step left: what it mounted is mounted, its network and its
// environment are there. BuildKit throws the container away when the shell ends,
// and has no way to keep it: what helped has to be written into the recipe.
//
// One failure at a time has the terminal. Nothing else writes to it meanwhile:
// the caller ends its display of progress first.
package rescue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Answer is what the user wants.
type Answer int

// The answers. Retry builds all again, Continue too, but takes the step as it
// failed, Abort ends.
const (
	Retry Answer = iota
	Continue
	Abort
)

// Decision is the error of a build that ended by the user's word.
type Decision struct {
	Answer Answer
	Step   string // the step that failed
	Err    error  // how it failed
}

func (d *Decision) Error() string { return d.Err.Error() }

// Unwrap returns how the step failed.
func (d *Decision) Unwrap() error { return d.Err }

// Failure is what went wrong.
type Failure struct {
	Err  error  // for people
	Step string // as the recipe names it; "" when it is no step that failed
	// Container and Shell make a container in which the step failed and a
	// process in it, with the help of Gateway. They are nil where there is no
	// such state.
	Container *gateway.NewContainerRequest
	Shell     *gateway.StartRequest
	Gateway   gateway.Client
}

// Console is the terminal at which the user decides.
type Console struct {
	keys keyboard
	in   *os.File
	out  *os.File
	mu   sync.Mutex // who holds it has the terminal
}

// New returns the console of a terminal, or an error of usage.
func New(in io.Reader, out io.Writer) (*Console, error) {
	from, isFile := in.(*os.File)
	to, alsoFile := out.(*os.File)
	if !isFile || !alsoFile || !ui.IsTerminal(from) || !ui.IsTerminal(to) {
		return nil, ui.Usage(errors.New("opening a shell on errors: standard input and standard error are no terminal"),
			"run it in a terminal, or leave --on-error shell out")
	}
	return &Console{keys: keyboard{in: from, typed: make(chan []byte)}, in: from, out: to}, nil
}

// Ask shows a failure and returns what the user wants. An error means that the
// context ended.
func (c *Console) Ask(ctx context.Context, f Failure) (*Decision, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.keys.start()
	fmt.Fprintf(c.out, "\n%s\n", strings.TrimRight(f.Err.Error(), "\n"))
	for {
		c.menu(f)
		answer, err := c.keys.line(ctx)
		switch word := strings.ToLower(strings.TrimSpace(answer)); {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil || word == "a" || word == "abort":
			return &Decision{Abort, f.Step, f.Err}, nil
		case word == "r" || word == "retry":
			return &Decision{Retry, f.Step, f.Err}, nil
		case (word == "c" || word == "continue") && f.Step != "":
			return &Decision{Continue, f.Step, f.Err}, nil
		case (word == "s" || word == "shell") && f.Container != nil:
			if err := c.shell(ctx, f); err != nil {
				fmt.Fprintf(c.out, "the shell failed: %v\n", err)
			}
		}
	}
}

// menu lists the answers that are possible.
func (c *Console) menu(f Failure) {
	fmt.Fprint(c.out, "\n  [r]etry     read the recipes again and build: what succeeded is kept\n")
	if f.Step != "" {
		fmt.Fprint(c.out, "  [c]ontinue  run the rest on what the step left, to see whether it works; nothing is published\n")
	}
	fmt.Fprint(c.out, "  [a]bort     end with exit code 1\n")
	if f.Container != nil {
		fmt.Fprint(c.out, "  [s]hell     look around in the state in which the step failed\n")
	}
	fmt.Fprint(c.out, "? ")
}
