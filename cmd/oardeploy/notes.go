package main

import (
	"fmt"
	"sync"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// notes returns where to tell what happens: standard error, with a tick before
// each line on a terminal.
func notes(s ui.Streams, quiet bool) func(string) {
	if quiet {
		return func(string) {}
	}
	tick := ""
	if ui.IsTerminal(s.Err) {
		tick = "✓ "
	}
	var mu sync.Mutex
	return func(text string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(s.Err, tick+text)
	}
}
