package main

import (
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/oarcluster/oarcluster/internal/ui"
)

func TestPlaces(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]place{
		"frontend:/home/docker": {"frontend", "/home/docker"},
		"node1:":                {"node1", ""},
		"node1:a:b":             {"node1", "a:b"},
		"-":                     {"", "-"},
		"a":                     {"", "a"},
		"./a:b":                 {"", "./a:b"},
		"../a:b":                {"", "../a:b"},
		"/tmp/a:b":              {"", "/tmp/a:b"},
		"dir/a:b":               {"", "dir/a:b"},
		":x":                    {"", ":x"},
	} {
		if got := splitHost(text); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
}

func TestNoArchiveGoesToATerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	defer theirs.Close()
	err = runCp(t.Context(), ui.Streams{Out: theirs}, "lab", []string{"node1:/etc", "-"})
	if err == nil || !strings.Contains(err.Error(), "copying to a terminal") {
		t.Errorf("got %v", err)
	}
}
