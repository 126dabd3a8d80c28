// Command record makes the picture of oardeploy in the README: `record cast FILE` types
// into a real terminal and writes what is seen as a recording (asciinema's format,
// version 2), `record svg FILE` draws a recording. Nothing of it is written by hand.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("the form is: record cast FILE, or record svg FILE"))
	}
	switch verb, file := os.Args[1], os.Args[2]; verb {
	case "cast":
		fail(record(file))
	case "svg":
		fail(picture(file, os.Stdout))
	default:
		fail(fmt.Errorf("%q is neither cast nor svg", verb))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// record types the scene and keeps it in a file, if all went well.
func record(file string) error {
	c, err := play(scene)
	if err != nil {
		return err
	}
	return os.WriteFile(file, c.bytes(), 0o644)
}

// picture draws a recording.
func picture(file string, out io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	c, err := parse(text)
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	_, err = io.WriteString(out, draw(c))
	return err
}
