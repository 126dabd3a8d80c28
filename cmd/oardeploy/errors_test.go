package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/oarcluster/oarcluster/internal/ui"
)

var update = flag.Bool("update", false, "write what is printed into docs/errors.md anew")

// catalogue is the page of all errors. An entry of it has a title, a block with commands
// and what they print, and what its reader is to know.
const catalogue = "../../docs/errors.md"

type entry struct {
	title, prose string
	block        []string // lines between the fences
	at           int      // line of the page on which the block begins
}

// entries reads the catalogue. A part without a block is no entry.
func entries(t *testing.T) (page []string, all []entry) {
	t.Helper()
	text, err := os.ReadFile(catalogue)
	if err != nil {
		t.Fatal(err)
	}
	page = strings.Split(string(text), "\n")
	var e entry
	inside := false
	for i, line := range append(page, "#") {
		switch {
		case inside && line == "```":
			inside = false
		case inside:
			e.block = append(e.block, line)
		case line == "```console":
			inside, e.at = true, i+1
		case strings.HasPrefix(line, "#"):
			if e.at > 0 {
				all = append(all, e)
			}
			e = entry{title: strings.TrimLeft(line, "# ")}
		default:
			e.prose += line + "\n"
		}
	}
	return page, all
}

// TestErrors runs the commands of the catalogue and compares what they print: with
// -update, it writes that into the page.
//
//go:generate go test -run TestErrors . -update
func TestErrors(t *testing.T) {
	page, all := entries(t)
	written := map[int][]string{}
	var mu sync.Mutex
	known := map[string]bool{}
	t.Run("entries", func(t *testing.T) {
		for _, e := range all {
			known[e.title] = true
			t.Run(e.title, func(t *testing.T) {
				t.Parallel()
				got := e.run(t)
				mu.Lock()
				defer mu.Unlock()
				if written[e.at] = got; !*update && strings.Join(got, "\n") != strings.Join(e.block, "\n") {
					t.Errorf("docs/errors.md:%d tells otherwise (go generate ./cmd/oardeploy writes it anew); printed is\n%s", e.at+1, strings.Join(got, "\n"))
				}
				for _, word := range []string{"Cause:", "Place:", "Remedy:"} {
					if strings.Count(e.prose, "- "+word) != 1 {
						t.Errorf("docs/errors.md:%d: it must tell once: %s", e.at, word)
					}
				}
			})
		}
	})
	for title := range provocations {
		if !known[title] {
			t.Errorf("docs/errors.md has no entry %q", title)
		}
	}
	if *update {
		if err := os.WriteFile(catalogue, []byte(strings.Join(spliced(page, all, written), "\n")), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// spliced is the page with other blocks.
func spliced(page []string, all []entry, written map[int][]string) []string {
	var out []string
	from := 0
	for _, e := range all {
		out = append(append(out, page[from:e.at]...), written[e.at]...)
		from = e.at + len(e.block)
	}
	return append(out, page[from:]...)
}

// run answers the entry's block as it would be now.
func (e entry) run(t *testing.T) []string {
	s := newStage(t)
	if prepare := provocations[e.title]; prepare != nil {
		prepare(t, s)
	}
	var out []string
	n := 0
	for _, line := range e.block {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue
		}
		s.each(n)
		n++
		said, code := s.run(t, command)
		out = append(out, line)
		if said = strings.TrimRight(said, "\n"); said != "" {
			out = append(out, strings.Split(said, "\n")...)
		}
		if code != ui.CodeFailed {
			out = append(out, fmt.Sprintf("# exit code %d", code))
		}
	}
	return out
}
