package ui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Main runs a program and returns its exit code. The context of run ends at the
// first SIGINT or SIGTERM, so that run can undo what it did; a second signal
// ends the process at once, as the shell's user expects.
func Main(program string, s Streams, run func(context.Context) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	err := run(ctx)
	if err == nil {
		return 0
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		fmt.Fprintf(s.Err, "%s: interrupted\n", program)
		return CodeInterrupted
	}
	Report(s, program, err)
	return codeOf(err)
}

// Report prints err and its hint as the package comment rules. An error that
// says nothing (a child's exit code passed on) prints nothing.
func Report(s Streams, program string, err error) {
	if text := err.Error(); text != "" {
		for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
			if i == 0 {
				line = program + ": error: " + line
			}
			fmt.Fprintln(s.Err, line)
		}
	}
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(s.Err, "%s: hint: %s\n", program, hint)
	}
}
