package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// board is standard error as the verbs write on it: lines that stay, and on a
// terminal one line below them that is redrawn.
type board struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	drawn    bool // the last line is one that goes
}

func newBoard(s ui.Streams, quiet bool) *board {
	if quiet {
		return &board{w: io.Discard}
	}
	return &board{w: s.Err, terminal: ui.IsTerminal(s.Err)}
}

// note writes a line that stays.
func (b *board) note(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	fmt.Fprintln(b.w, text)
}

// meter draws how far pulling is; anything but a terminal hears of its beginning alone.
func (b *board) meter(p images.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.terminal {
		return
	}
	b.clear()
	if text := p.String(); text != "" {
		fmt.Fprint(b.w, "  "+text)
		b.drawn = true
	}
}

// clear takes away the line that goes.
func (b *board) clear() {
	if b.drawn {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.drawn = false
	}
}
