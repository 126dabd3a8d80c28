package main

import (
	"bytes"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/images"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func TestBoard(t *testing.T) {
	t.Parallel()
	write := func(b *board) {
		b.note("pulling x")
		b.meter(images.Progress{Images: 1, Layers: 1, Total: 2e6})
		b.meter(images.Progress{Images: 1, Layers: 1, Ready: 1, Done: 2e6, Total: 2e6})
		b.meter(images.Progress{})
		b.note("done")
	}
	var plain, quiet, terminal bytes.Buffer
	write(newBoard(ui.Streams{Err: &plain}, false))
	if got := plain.String(); got != "pulling x\ndone\n" {
		t.Errorf("plain: %q", got)
	}
	write(newBoard(ui.Streams{Err: &quiet}, true))
	if quiet.Len() > 0 {
		t.Errorf("quiet: %q", quiet.String())
	}
	write(&board{w: &terminal, terminal: true})
	const erase = "\r\x1b[K"
	want := "pulling x\n  pulling images (1): 0 of 2 MB, 0 of 1 layers ready" + erase +
		"  pulling images (1): 2 of 2 MB, 1 of 1 layers ready" + erase + "done\n"
	if got := terminal.String(); got != want {
		t.Errorf("terminal: %q, want %q", got, want)
	}
}
