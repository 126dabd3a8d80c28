// Package ui is the terminal manner that oarbuild and oardeploy share.
//
// The rules:
//
//   - Standard output carries only what a machine may want to read: image
//     references, tables, JSON. All talk goes to standard error.
//   - Errors are one line on standard error with the program's name before
//     them, no capital and no full stop; what to do next stands on a hint line
//     of its own.
//   - Exit codes: 0 done, 1 failed, 2 wrong usage or input, 130
//     interrupted.
//   - A terminal gets progress that is redrawn, anything else gets plain lines.
package ui

import (
	"io"
	"os"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// Streams are the three standard streams of a command, so that tests can look
// at what a user would see.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Std returns the process's own streams.
func Std() Streams { return Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr} }

// IsTerminal reports whether w is a terminal that understands redrawing:
// a tty, and TERM is not "dumb".
func IsTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// colours are the sequences that change how text looks, and nothing else of a terminal.
var colours = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// Plain is text without what would control a terminal, but for colours: it may be of
// a container, where anybody writes what ours prints.
func (Streams) Plain(text string) string {
	var b strings.Builder
	end := 0
	for _, at := range append(colours.FindAllStringIndex(text, -1), []int{len(text), len(text)}) {
		b.WriteString(strings.Map(printed, text[end:at[0]]))
		b.WriteString(text[at[0]:at[1]])
		end = at[1]
	}
	return b.String()
}

func printed(r rune) rune {
	switch {
	case r == '\r':
		return -1
	case r != '\n' && r != '\t' && unicode.IsControl(r):
		return unicode.ReplacementChar
	}
	return r
}
