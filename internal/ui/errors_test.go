package ui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestMainExitCodesAndLines(t *testing.T) {
	plain := errors.New("reading recipe \"x\": no such file")
	for _, tc := range []struct {
		name, stderr string
		err          error
		code         int
	}{
		{"success is silent", "", nil, 0},
		{"an error is one line", "oarbuild: error: reading recipe \"x\": no such file\n", plain, CodeFailed},
		{"a hint has a line of its own", "oarbuild: error: reading recipe \"x\": no such file\noarbuild: hint: name a file\n",
			WithHint(plain, "name a %s", "file"), CodeFailed},
		{"the innermost hint wins", "oarbuild: error: a: b\noarbuild: hint: inner\n",
			WithHint(fmt.Errorf("a: %w", WithHint(errors.New("b"), "inner")), "outer"), CodeFailed},
		{"a code passes through wrapping", "oarbuild: error: a: b\n", fmt.Errorf("a: %w", WithCode(errors.New("b"), CodeUsage)), CodeUsage},
		{"wrong usage", "oarbuild: error: a\noarbuild: hint: write b\n", Usage(errors.New("a"), "write %s", "b"), CodeUsage},
		{"a silent error only has a code", "", WithCode(errors.New(""), 42), 42},
		{"further lines are not prefixed", "oarbuild: error: a\n  b\n", errors.New("a\n  b\n"), CodeFailed},
		{"no terminal is controlled", "oarbuild: error: \ufffd]0;title\ufffd \x1b[1;31mred\x1b[0m \ufffd[2J\ufffd\ufffdover\tdone\noarbuild: hint: \ufffd[H\n",
			WithHint(errors.New("\x1b]0;title\a \x1b[1;31mred\x1b[0m \x1b[2J\u009b\x7fover\tdone\r\n"), "\x1b[H"), CodeFailed},
		{"canceled without a signal is a failure", "oarbuild: error: context canceled\n", context.Canceled, CodeFailed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stderr bytes.Buffer
			code := Main("oarbuild", Streams{Err: &stderr}, func(context.Context) error { return tc.err })
			if code != tc.code || stderr.String() != tc.stderr {
				t.Errorf("got code %d and %q, want %d and %q", code, stderr.String(), tc.code, tc.stderr)
			}
		})
	}
}

func TestNilStaysNil(t *testing.T) {
	if WithHint(nil, "x") != nil || WithCode(nil, 2) != nil || Usage(nil, "x") != nil {
		t.Error("decorating nil made an error")
	}
}

func TestIsTerminalIsFalseForABuffer(t *testing.T) {
	if IsTerminal(&bytes.Buffer{}) {
		t.Error("a buffer is no terminal")
	}
}
