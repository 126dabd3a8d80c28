package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/oarcluster/oarcluster/internal/ui"
)

func TestPrefixWriterKeepsLinesWhole(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, host := range []string{"node1", "node2"} {
		w := &prefixWriter{mu: &mu, out: &out, prefix: host + "| "}
		wg.Go(func() {
			for n := range 100 {
				fmt.Fprintf(w, "%s says ", host)
				fmt.Fprintf(w, "%d\n", n)
			}
		})
	}
	wg.Wait()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 200 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		host, text, _ := strings.Cut(line, "| ")
		if !strings.HasPrefix(text, host+" says ") {
			t.Errorf("a torn line: %q", line)
		}
	}
}

// A host keeps its name and colour when another log of it begins.
func TestAPrinterKnowsItsHosts(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := newPrinter(ui.Streams{Out: &out})
	p.coloured = true
	for _, host := range []string{"dns", "node1", "dns"} {
		w, _ := p.to(host)
		fmt.Fprint(w, "hello\ncut off")
	}
	p.end()
	const dns, node1 = "\x1b[36mdns      | \x1b[0m", "\x1b[33mnode1    | \x1b[0m"
	want := dns + "hello\n" + node1 + "hello\n" + dns + "cut off\n" + dns + "hello\n" + dns + "cut off\n" + node1 + "cut off\n"
	if got := out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What a container says does not move the cursor, nor answer for the user.
func TestLogsControlNoTerminal(t *testing.T) {
	t.Parallel()
	for _, terminal := range []bool{true, false} {
		var out bytes.Buffer
		p := newPrinter(ui.Streams{Out: &out})
		p.terminal = terminal
		w, _ := p.to("node1")
		fmt.Fprint(w, "\x1b[31mred\x1b[0m\x1b]0;title\a\n\x1b[2J")
		p.end()
		want := "node1    | \x1b[31mred\x1b[0m\x1b]0;title\a\nnode1    | \x1b[2J\n"
		if terminal {
			want = "node1    | \x1b[31mred\x1b[0m\ufffd]0;title\ufffd\nnode1    | \ufffd[2J\n"
		}
		if got := out.String(); got != want {
			t.Errorf("on a terminal: %t: got %q, want %q", terminal, got, want)
		}
	}
}

func TestPrefixIsColouredOnATerminalAlone(t *testing.T) {
	t.Parallel()
	if got := prefix(7, "node1", false); got != "node1    | " {
		t.Errorf("got %q", got)
	}
	if got := prefix(7, "node1", true); got != "\x1b[33mnode1    | \x1b[0m" {
		t.Errorf("got %q", got)
	}
}
