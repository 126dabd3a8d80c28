package draft

import (
	"maps"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// quiet are the commands that leave nothing behind when the shell ends.
var quiet = []string{":", "true", "test", "[", "export", "read", "set", "unset", "echo", "exit"}

// acts reports whether a statement may change the image: one that only sets the
// shell's own variables does not.
func acts(s *syntax.Stmt) bool {
	found := false
	syntax.Walk(s, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CallExpr:
			found = found || len(n.Args) > 0 && !slices.Contains(quiet, verbatim(n.Args[0]))
		case *syntax.Redirect:
			found = found || writes(n)
		case *syntax.FuncDecl:
			return false
		}
		return true
	})
	return found
}

// writes reports whether a redirection makes a file.
func writes(r *syntax.Redirect) bool {
	switch r.Op {
	case syntax.RdrOut, syntax.AppOut, syntax.RdrAll, syntax.AppAll, syntax.RdrClob:
		return verbatim(r.Word) != "/dev/null"
	}
	return false
}

// variables lists those that a script sets, and those that it reads and does
// not set.
func variables(file *syntax.File) (sets, uses []string) {
	own := map[string]bool{}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Assign:
			if n.Name != nil {
				own[n.Name.Value] = true
			}
		case *syntax.CallExpr:
			if words := literals(n.Args); len(words) > 1 && words[0] == "read" {
				for _, w := range words[1:] {
					if w != "" && w[0] != '-' {
						own[w] = true
					}
				}
			}
		case *syntax.WordIter:
			own[n.Name.Value] = true
		}
		return true
	})
	syntax.Walk(file, func(n syntax.Node) bool {
		if p, ok := n.(*syntax.ParamExp); ok && p.Param != nil && !own[p.Param.Value] && !slices.Contains(uses, p.Param.Value) {
			uses = append(uses, p.Param.Value)
		}
		return true
	})
	return slices.Sorted(maps.Keys(own)), uses
}

// online lists the programs that talk to the network, each once, as called.
func online(stmts []*syntax.Stmt) []string {
	var found []string
	for _, s := range stmts {
		syntax.Walk(s, func(n syntax.Node) bool {
			if call, ok := n.(*syntax.CallExpr); ok {
				for _, w := range literals(call.Args) {
					if slices.Contains(downloaders, w) && !slices.Contains(found, w) && !harmless(call, w) {
						found = append(found, w)
					}
				}
			}
			return true
		})
	}
	return found
}

// harmless reports whether a call of a downloader stays on the machine: git
// config, apt-get purge, or the downloader's name as another's argument.
func harmless(call *syntax.CallExpr, program string) bool {
	words := literals(call.Args)
	at := slices.Index(words, program)
	if at > 0 && !slices.Contains([]string{"sudo", "env", "exec", "xargs", "su", "setuser"}, words[0]) {
		return true
	}
	verb, _ := verbOf(words[at+1:])
	switch program {
	case "git":
		return !slices.Contains([]string{"clone", "fetch", "pull", "submodule", "ls-remote", ""}, verb)
	case "apt", "apt-get", "aptitude":
		return verb == "purge" || verb == "remove"
	}
	return false
}

// print writes statements as a script.
func print(stmts []*syntax.Stmt) string {
	var b strings.Builder
	for _, s := range stmts {
		// A builder cannot fail, and what was parsed can be printed.
		_ = syntax.NewPrinter(syntax.Indent(2)).Print(&b, s)
		b.WriteString("\n")
	}
	return b.String()
}

// needsBash reports whether a script has more than /bin/sh understands.
func needsBash(script string) bool {
	_, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), "")
	return err != nil || bashRule.MatchString(script)
}

// bash wraps a script for /bin/sh, which runs steps.
func bash(script string) string {
	end := delimiter(script, "END_OF_BASH")
	return "bash -e -c \"$(cat <<'" + end + "'\n" + script + end + "\n)\"\n"
}

// delimiter returns a word that is no line of the text.
func delimiter(text, word string) string {
	for slices.Contains(strings.Split(text, "\n"), word) {
		word += "_"
	}
	return word
}
