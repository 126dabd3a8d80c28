package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// maxScript bounds a script, far above what one needs.
const maxScript = 256 << 10

var (
	// packageRule is a package as apt-get takes it: a name, with a version, a
	// release or an architecture.
	packageRule = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?([=/][A-Za-z0-9.+:~-]+)?$`)
	bootRule    = regexp.MustCompile(`^(linux-(image|headers)-|grub-|grub2|extlinux$|syslinux$|initramfs-tools$)`)
	// bashRule is what bash has and its grammar shows not.
	bashRule = regexp.MustCompile(`\[\[|(^|\s)(source|pushd|popd|shopt|declare|local|echo\s+-n?e)\s|echo\s[^|;&\n]*\\[a-z0]|&>|>&\s*[^0-9\s-]|==|\$'|pipefail|\{[^{}\s]*,[^{}\s]*\}|\$\{!|\$\{[A-Za-z_]\w*(:[0-9\s$]|[/^,])`)
)

// housekeeping are apt-get's commands that a build without package lists has no
// use for.
var housekeeping = []string{"update", "upgrade", "dist-upgrade", "full-upgrade", "clean", "autoclean", "autoremove", "check"}

// downloaders are programs that talk to the network.
var downloaders = []string{"apt", "apt-get", "aptitude", "curl", "wget", "git", "pip", "pip3", "gem", "npm", "yarn", "cargo", "cpan", "add-apt-repository", "svn", "hg"}

// findings are what a script is made of.
type findings struct {
	packages []string
	// dropped are the commands that are not in script.
	dropped []dropped
	// script is what remains, fit for a step; "" when nothing does.
	script string
	// online are the programs in script that talk to the network.
	online []string
	// sets are variables that get a value, uses those that are read before.
	sets, uses []string
}

// dropped is a command that a step has no use for.
type dropped struct{ what, why string }

// Reasons why a step has no use for a command.
const (
	noLists   = "packages are resolved before the build, and images hold no package lists"
	noSources = "the image names its suite's archive by itself; sources: adds further ones"
	noDevice  = "a container has no devices and no network of its own to set up"
	noBoot    = "a container has no kernel and no boot loader of its own"
)

// useless are the marks of commands that a step has no use for.
var useless = map[string]*regexp.Regexp{
	noSources: regexp.MustCompile(`/etc/apt/sources\.list($|[^.\w])`),
	noDevice:  regexp.MustCompile(`/etc/udev/|/lib/udev/|/dev/\.udev|/var/lib/dhcp/|/etc/network/interfaces`),
	noBoot:    regexp.MustCompile(`/etc/default/grub|update-grub|update-initramfs|kernel-img\.conf|linux-update-symlinks|/etc/initramfs-tools`),
}

// parse reads a script as bash does.
func parse(script string) (*syntax.File, error) {
	if len(script) > maxScript {
		return nil, fmt.Errorf("it has %d bytes, more than %d", len(script), maxScript)
	}
	return syntax.NewParser(syntax.Variant(syntax.LangBash), syntax.KeepComments(true)).Parse(strings.NewReader(script), "")
}

// examine takes a script apart.
func examine(script string) (findings, error) {
	file, err := parse(script)
	if err != nil {
		return findings{}, err
	}
	var f findings
	f.sets, f.uses = variables(file)
	stmts, folded := flat(file.Stmts)
	var rest []*syntax.Stmt
	for _, s := range stmts {
		if !f.take(s) {
			rest = append(rest, s)
		}
	}
	if !slices.ContainsFunc(rest, acts) {
		return f, nil
	}
	f.script = strings.TrimRight(script, "\n") + "\n"
	if folded || len(rest) < len(stmts) {
		f.script = print(rest)
	}
	f.online = online(rest)
	if slices.Contains(f.online, "apt-get") && strings.Contains(f.script, "install") {
		f.script = "apt-get -q update\n" + f.script + "rm -rf /var/lib/apt/lists/*\n"
	}
	if needsBash(f.script) {
		f.script = bash(f.script)
	}
	return f, nil
}

// flat lists statements with those that && joins one by one, for a step ends at
// the first that fails, and with the branch of an if that is sure to be taken.
// folded tells whether an if went away.
func flat(stmts []*syntax.Stmt) (list []*syntax.Stmt, folded bool) {
	for _, s := range stmts {
		plain := !s.Negated && !s.Background && len(s.Redirs) == 0
		switch c := s.Cmd.(type) {
		case *syntax.BinaryCmd:
			if plain && c.Op == syntax.AndStmt {
				inner, f := flat([]*syntax.Stmt{c.X, c.Y})
				list, folded = append(list, inner...), folded || f
				continue
			}
		case *syntax.IfClause:
			if branch, ok := taken(c); ok && plain {
				inner, _ := flat(branch)
				list, folded = append(list, inner...), true
				continue
			}
		}
		list = append(list, s)
	}
	return list, folded
}

// taken returns the statements of an if that run, when texts alone decide.
func taken(c *syntax.IfClause) ([]*syntax.Stmt, bool) {
	if len(c.Cond) != 1 {
		return c.Then, len(c.Cond) == 0 // an else
	}
	holds, known := condition(c.Cond[0])
	switch {
	case !known:
		return nil, false
	case holds:
		return c.Then, true
	case c.Else == nil:
		return nil, true
	}
	return taken(c.Else)
}

// take takes a statement out of the script when a step has no use for it.
func (f *findings) take(s *syntax.Stmt) bool {
	text := print([]*syntax.Stmt{s})
	for why, mark := range useless {
		if mark.MatchString(text) {
			f.dropped = append(f.dropped, dropped{strings.TrimSpace(text), why})
			return true
		}
	}
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || s.Negated || s.Background {
		return false
	}
	words := literals(call.Args)
	if len(words) > 0 && words[0] == "sudo" {
		words = words[1:]
	}
	if len(words) == 0 || !slices.Contains([]string{"apt-get", "apt", "aptitude"}, words[0]) {
		return false
	}
	verb, rest := verbOf(words[1:])
	switch {
	case slices.Contains(housekeeping, verb), verb == "purge" && len(rest) == 0:
		f.dropped = append(f.dropped, dropped{words[0] + " " + verb, noLists})
		return true
	case verb == "install" && !slices.ContainsFunc(rest, func(p string) bool { return !packageRule.MatchString(p) }):
		f.packages = append(f.packages, rest...)
		return true
	}
	return false
}

// verbOf splits apt-get's arguments into its verb and what that is about. Flags
// are dropped, and so are words before the verb that only the shell knows.
func verbOf(words []string) (verb string, rest []string) {
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "-o" || w == "-t" || w == "-c" || w == "-C":
			i++
		case strings.HasPrefix(w, "-"), verb == "" && w == "":
		case verb == "":
			verb = w
		default:
			rest = append(rest, w)
		}
	}
	return verb, rest
}

// literals returns words as the shell would, "" for those that it would expand.
func literals(args []*syntax.Word) []string {
	var words []string
	for _, w := range args {
		words = append(words, verbatim(w))
	}
	return words
}

func verbatim(w *syntax.Word) string {
	var b strings.Builder
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			b.WriteString(strings.ReplaceAll(p.Value, `\`, ""))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			for _, inner := range p.Parts {
				lit, ok := inner.(*syntax.Lit)
				if !ok {
					return ""
				}
				b.WriteString(lit.Value)
			}
		default:
			return ""
		}
	}
	return b.String()
}
