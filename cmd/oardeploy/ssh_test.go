package main

import (
	"os/exec"
	"strings"
	"testing"
)

// What a shell makes of the command line must be the arguments again.
func TestCommandLineKeepsArguments(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"printf", "%s|", "a b", "", "it's", `"quoted"`, "$HOME", "*", "back\\slash", "two\nlines"},
		{"printf", "%s|", "-n"},
	} {
		out, err := exec.Command("sh", "-c", commandLine(args)).Output()
		if want := strings.Join(args[2:], "|") + "|"; err != nil || string(out) != want {
			t.Errorf("got %q, %v, want %q", out, err, want)
		}
	}
}

func TestCommandLineOfOneWordIsTheShells(t *testing.T) {
	t.Parallel()
	if got := commandLine([]string{"cd /data && ls | wc -l"}); got != "cd /data && ls | wc -l" {
		t.Errorf("got %q", got)
	}
	if got := commandLine(nil); got != "" {
		t.Errorf("got %q", got)
	}
}
