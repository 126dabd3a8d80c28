package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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
				got := e.run(t, 1)
				// On a loaded machine the engine may take longer than the entry gives it.
				for times := 6; times < 100 && e.timed() && !*update && !slices.Equal(got, e.block); times *= 6 {
					got = e.run(t, times)
				}
				mu.Lock()
				defer mu.Unlock()
				if written[e.at] = got; !*update && !slices.Equal(got, e.block) {
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

// timeout is how long a command of an entry gives its cluster.
var timeout = regexp.MustCompile(`--timeout (\d+)s\b`)

// timed reports whether a command of the entry waits for a limited time.
func (e entry) timed() bool { return slices.ContainsFunc(e.block, timeout.MatchString) }

// slowed is a command that gives so many times the time, and what makes of its words
// those of the command.
func slowed(command string, times int) (string, *strings.Replacer) {
	given := timeout.FindStringSubmatch(command)
	if given == nil {
		return command, strings.NewReplacer()
	}
	short, _ := time.ParseDuration(given[1] + "s")
	long := time.Duration(times) * short
	return timeout.ReplaceAllString(command, "--timeout "+long.String()), strings.NewReplacer(long.String(), short.String())
}

// run answers the entry's block as it would be now, were each timeout so many times as
// long.
func (e entry) run(t *testing.T, times int) []string {
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
		command, inWords := slowed(command, times)
		said, code := s.run(t, command)
		said = inWords.Replace(said)
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

func TestMoreTimeReadsTheSame(t *testing.T) {
	t.Parallel()
	command, inWords := slowed("oardeploy -n 2 --timeout 5s", 36)
	if said := inWords.Replace("not ready after 3m0s"); command != "oardeploy -n 2 --timeout 3m0s" || said != "not ready after 5s" {
		t.Errorf("got %q and %q", command, said)
	}
	if command, _ := slowed("oardeploy --timeout soon", 6); command != "oardeploy --timeout soon" {
		t.Errorf("got %q", command)
	}
}
