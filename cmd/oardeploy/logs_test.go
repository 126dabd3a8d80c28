package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
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
