package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rooms are the files that make errors of oardeploy.
var rooms = []string{".", "../../internal/cluster", "../../internal/strict", "../../internal/registry/loopback.go"}

// words are the functions that make what a user reads, and which of their arguments are it.
var words = map[string][]int{
	"fmt.Errorf": {0}, "errors.New": {0}, "ui.WithHint": {1}, "ui.Usage": {1}, "ui.OnStop": {1},
	"usage": {0, 1}, "failed": {0}, "mistake": {1},
}

// elsewhere are the texts that the catalogue has not, each with the reason.
var elsewhere = map[string]string{
	"removing folder":                   "only a file system that fails keeps its owner from it",
	"time is up":                        "ends a wait, whose own error tells more",
	"connecting to its ssh: [^\\n]*":    "the frontend's published port is gone, though it runs: package ready has a test",
	"taking over the terminal: [^\\n]*": "a terminal that was closed meanwhile",

	// The catalogue's commands have no terminal: a test of cp gives it one.
	"copying to a terminal: a tar archive is nothing to look at": "no terminal",
	"send it on: oardeploy cp [^\\n]* - \\| tar t":               "no terminal",

	// What was checked before, and is said should a check be forgotten.
	"unknown step [^\\n]*":                                 "package plan has no others",
	"checking groups: there are two of name [^\\n]*":       "a file cannot have a key twice",
	"checking group [^\\n]*: it cannot have [^\\n]* nodes": "a file and scale take no such number",
	"checking group [^\\n]*: want up to 20 lower case letters, digits and dashes that begin and end with a letter, and no other host's name": "a file takes no such name",
	"publishing port [^\\n]*: no such port":                          "they are constants",
	"reading image reference [^\\n]*: [^\\n]*":                       "registry and tag were checked",
	"packing files of host [^\\n]*: no such host in cluster [^\\n]*": "plan and topology have the same hosts",
	"packing a host's files: [^\\n]*":                                "memory takes what is written into it",
	"the parser gave up: [^\\n]*":                                    "a fault of the YAML parser",

	// Where the engine is at fault.
	"the engine has not removed [^\\n]* of the cluster: clean again; should it stay, restart the engine \\(`sudo systemctl restart docker`\\)": "package engine tests it",
	"the engine names no container on it: clean again; should it stay, restart the engine \\(`sudo systemctl restart docker`\\)":               "package engine tests it",
	"`docker network inspect [^\\n]*` names what is connected to it":                                                                           "it answers nothing more",

	"the engine told nothing of it for [^\\n]*": "it is shown after two minutes: package engine tests it",
	"the engine answered [^\\n]*":               "an engine of Podman's that gives no reason: package engine tests it",

	// Keys are made of the kernel's random numbers, which do not end.
	"making oar's key: [^\\n]*":     "no random numbers",
	"making key [^\\n]*: [^\\n]*":   "no random numbers",
	"encoding key [^\\n]*: [^\\n]*": "no random numbers",

	// Of recipes, which package strict reads as well.
	"[^\\n]* is missing[^\\n]*: [^\\n]*":         "cluster files have no keys of which one is needed",
	"[^\\n]* exclude each other[^\\n]*: [^\\n]*": "cluster files have no keys that exclude each other",
}

// TestTheCatalogueIsComplete looks for a text that errors are made of, and that no block of
// the catalogue shows.
func TestTheCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	_, all := entries(t)
	var lines []string
	for _, e := range all {
		lines = append(lines, slices.DeleteFunc(e.block, func(line string) bool { return strings.HasPrefix(line, "$ ") })...)
	}
	page := strings.Join(lines, "\n")
	said := texts(t)
	for text, at := range said {
		shown, excuse := regexp.MustCompile(text).MatchString(page), elsewhere[text]
		switch {
		case !shown && excuse == "":
			t.Errorf("%s: no block of docs/errors.md shows %q: add an entry and what provokes it, then go generate ./cmd/oardeploy", at, text)
		case shown && excuse != "":
			t.Errorf("%s: docs/errors.md shows %q, which is excused: %s", at, text, excuse)
		}
	}
	for text := range elsewhere {
		if said[text] == "" {
			t.Errorf("nothing says %q any more", text)
		}
	}
}

// texts are the patterns of all texts that errors are made of, each with a place.
func texts(t *testing.T) map[string]string {
	t.Helper()
	found, fset := map[string]string{}, token.NewFileSet()
	for _, room := range rooms {
		err := filepath.WalkDir(room, func(name string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.Contains(name, "enginetest") {
				return err
			}
			file, err := parser.ParseFile(fset, name, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				for _, i := range words[callee(call)] {
					if text := pattern(call.Args[i]); strings.ContainsAny(strings.ReplaceAll(text, anything, ""), "abcdefghijklmnopqrstuvwxyz") {
						found[text] = fset.Position(call.Pos()).String()
					}
				}
				return true
			})
			return nil
		})
		must(t, err)
	}
	return found
}

// callee is the function called, with its package; of a method, only its name.
func callee(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok && words[x.Name+"."+f.Sel.Name] != nil {
			return x.Name + "." + f.Sel.Name
		}
		return f.Sel.Name
	}
	return ""
}

// anything stands for what is put into a text, or made elsewhere.
const anything = `[^\n]*`

var verb = regexp.MustCompile(`%[-+#0-9.]*[a-z]`)

// pattern matches what an expression may say.
func pattern(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err == nil {
			return verb.ReplaceAllLiteralString(regexp.QuoteMeta(text), anything)
		}
	case *ast.BinaryExpr:
		return pattern(e.X) + pattern(e.Y)
	case *ast.CallExpr:
		if callee(e) == "Sprintf" {
			return pattern(e.Args[0])
		}
	}
	return anything
}
