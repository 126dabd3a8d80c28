// Package manual writes manual pages of command lines, one a command, in the
// man macros of roff: what help shows, and nothing that differs from one build
// of a program to the next.
package manual

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Write writes the pages of a command and all below it to a folder, as
// program-verb.1, and answers their names.
func Write(root *cobra.Command, dir, codes string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("writing manual pages: %w", err)
	}
	var names []string
	for _, c := range commands(root) {
		name := page(c) + ".1"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(Page(c, codes)), 0o644); err != nil {
			return nil, fmt.Errorf("writing manual pages: %w", err)
		}
		names = append(names, name)
	}
	return names, nil
}

// Command is the command that writes the pages of its program to a folder, for
// who packages the program, and prints their paths.
func Command(out io.Writer, codes string, args cobra.PositionalArgs) *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write the manual pages to a folder", Hidden: true, Args: args,
		RunE: func(command *cobra.Command, args []string) error { return list(out, command.Root(), args[0], codes) },
	}
}

// list writes pages and prints their paths.
func list(out io.Writer, root *cobra.Command, dir, codes string) error {
	pages, err := Write(root, dir, codes)
	for _, page := range pages {
		fmt.Fprintln(out, filepath.Join(dir, page))
	}
	return err
}

// commands lists a command and those below it that help shows.
func commands(c *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			list = append(list, commands(sub)...)
		}
	}
	return list
}

// page is the name of a command's page.
func page(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// Page returns the page of one command. codes tells the program's exit codes, a
// line each.
func Page(c *cobra.Command, codes string) string {
	p := &writer{}
	p.line(".TH %s 1 \"\" %s \"User Commands\"", quoted(strings.ToUpper(page(c))), quoted(c.Root().Name()))
	p.section("NAME")
	p.text(page(c) + " - " + c.Short)
	p.section("SYNOPSIS")
	p.line(".B %s", escape(c.UseLine()))
	p.section("DESCRIPTION")
	long := c.Long
	if long == "" {
		long = c.Short + "."
	}
	p.text(long)
	p.flags("OPTIONS", c.NonInheritedFlags())
	p.flags("OPTIONS OF "+strings.ToUpper(c.Root().Name()), c.InheritedFlags())
	if c.Example != "" {
		p.section("EXAMPLES")
		p.text(c.Example)
	}
	p.section("EXIT STATUS")
	for line := range strings.Lines(codes) {
		code, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		p.line(".TP\n.B %s", code)
		p.text(text)
	}
	p.also(c)
	return p.String()
}

// writer collects a page.
type writer struct{ strings.Builder }

func (p *writer) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *writer) section(name string) { p.line(".SH %s", quoted(name)) }

// text writes lines none of which is a macro. Lines that are set off to the
// right stay as they are.
func (p *writer) text(text string) {
	fixed := false
	for line := range strings.Lines(text) {
		line = escape(strings.ReplaceAll(strings.TrimRight(line, " \t\n"), "\t", "    "))
		if aside := strings.HasPrefix(line, " "); aside != fixed {
			p.line(map[bool]string{true: ".nf", false: ".fi"}[aside])
			fixed = aside
		}
		switch {
		case line == "":
			p.line(".PP")
		case line[0] == '.' || line[0] == '\'':
			p.line(`\&%s`, line)
		default:
			p.line("%s", line)
		}
	}
	if fixed {
		p.line(".fi")
	}
}

func (p *writer) flags(title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	p.section(title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		names := `\fB\-\-` + escape(f.Name) + `\fR`
		if f.Shorthand != "" {
			names = `\fB\-` + f.Shorthand + `\fR, ` + names
		}
		if value != "" {
			names += ` \fI` + escape(value) + `\fR`
		}
		p.line(".TP\n%s", names)
		if d := f.DefValue; d != "" && d != "false" && d != "[]" && d != "0" {
			usage += " (default " + d + ")"
		}
		p.text(usage)
	})
}

// also names the pages above and below.
func (p *writer) also(c *cobra.Command) {
	var pages []string
	if c.HasParent() {
		pages = append(pages, page(c.Parent()))
	}
	for _, sub := range commands(c)[1:] {
		if sub.Parent() == c {
			pages = append(pages, page(sub))
		}
	}
	if len(pages) == 0 {
		return
	}
	slices.Sort(pages)
	p.section("SEE ALSO")
	for i, name := range pages {
		end := " ,"
		if i == len(pages)-1 {
			end = ""
		}
		p.line(".BR %s (1)%s", escape(name), end)
	}
}

// quoted is a text as one argument of a macro.
func quoted(text string) string { return `"` + strings.ReplaceAll(escape(text), `"`, `\(dq`) + `"` }

// escape writes a text so that roff shows it as it is.
func escape(text string) string { return strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text) }
