package main

import (
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// What the program gets follows from the flags and from what input and output are.
func TestAttach(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		flags      string
		in, out    bool // which are a terminal
		input, tty bool
	}{
		{"", true, true, true, true},
		{"", false, true, true, false},
		{"", true, false, true, false},
		{"-t=false", true, true, true, false},
		{"-t", false, true, false, true},
		{"-t", true, false, true, true},
		{"-i", true, true, true, false},
		{"-i", false, false, true, false},
		{"-i=false", true, true, false, false},
		{"-it", true, true, true, true},
		{"-i=false -t", false, false, false, true},
	} {
		cmd := newExec(ui.Streams{})
		if err := cmd.ParseFlags(strings.Fields(tc.flags)); err != nil {
			t.Fatal(err)
		}
		f := execFlags{given: cmd.Flags()}
		f.input, _ = cmd.Flags().GetBool("interactive")
		f.tty, _ = cmd.Flags().GetBool("tty")
		input, tty, err := f.attach(tc.in, tc.out)
		if err != nil || input != tc.input || tty != tc.tty {
			t.Errorf("%q with terminals %v, %v: got input %v and a terminal %v, %v", tc.flags, tc.in, tc.out, input, tty, err)
		}
	}
}
