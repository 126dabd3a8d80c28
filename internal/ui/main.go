package ui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
)

// Main runs a program and returns its exit code. The context of run ends at the
// first SIGINT or SIGTERM, so that run can undo what it did; a second signal
// ends the process at once, with what [OnStop] was told.
func Main(program string, s Streams, run func(context.Context) error) int {
	var words atomic.Value
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), stopKey{}, &words))
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	interrupted := make(chan struct{})
	go func() {
		<-signals
		close(interrupted)
		say(s, program, "interrupted; once more stops at once", &words)
		cancel()
		<-signals
		say(s, program, "stopped", &words)
		os.Exit(codeInterrupted)
	}()
	err := run(ctx)
	select {
	case <-interrupted:
		return afterInterrupt(s, program, err)
	default:
	}
	if err == nil {
		return 0
	}
	Report(s, program, err)
	return codeOf(err)
}

// afterInterrupt ends a run that was interrupted: only what it failed at beside
// that is news.
func afterInterrupt(s Streams, program string, err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(s.Err, "%s: interrupted\n", program)
	} else {
		Report(s, program, err)
	}
	return codeInterrupted
}

// stopKey is where Main's context has the words of OnStop.
type stopKey struct{}

// OnStop tells [Main], whose context ctx comes from, that an interrupt is answered
// by undoing, and what the user is to be told when a second one stops that.
func OnStop(ctx context.Context, format string, args ...any) {
	if words, ok := ctx.Value(stopKey{}).(*atomic.Value); ok {
		words.Store(fmt.Sprintf(format, args...))
	}
}

// say prints what a signal does, and the words of OnStop as a hint: of a program
// that has nothing to undo, nothing.
func say(s Streams, program, what string, words *atomic.Value) {
	if hint, ok := words.Load().(string); ok {
		fmt.Fprintf(s.Err, "%s: %s\n%s: hint: %s\n", program, what, program, hint)
	}
}

// Report prints err and its hint as the package comment rules. An error that
// says nothing (a child's exit code passed on) prints nothing.
func Report(s Streams, program string, err error) {
	if text := s.Plain(err.Error()); text != "" {
		for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
			if i == 0 {
				line = program + ": error: " + line
			}
			fmt.Fprintln(s.Err, line)
		}
	}
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(s.Err, "%s: hint: %s\n", program, s.Plain(hint))
	}
}
