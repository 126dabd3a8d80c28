package oarcluster_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The sizes that keep the tree legible: a file is read in one sitting, a function
// fits a screen, a package is known by a dozen names, and commands do no work.
const (
	maxFile     = 400
	maxMedian   = 120
	maxFunc     = 60
	maxClosure  = 5
	maxExported = 12
	minTests    = 0.7
)

// source is one Go file of the tree.
type source struct {
	path, pkg, text string
	test            bool
	lines           int
	ast             *ast.File
	fset            *token.FileSet
}

// sources parses every Go file, whatever its build tags.
func sources(t *testing.T) []source {
	t.Helper()
	var files []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		tree, err := parser.ParseFile(fset, name, text, parser.ParseComments)
		files = append(files, source{name, path.Dir(name), string(text), strings.HasSuffix(name, "_test.go"),
			strings.Count(string(text), "\n"), tree, fset})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// span is the number of lines of a node.
func (s source) span(n ast.Node) int {
	return s.fset.Position(n.End()).Line - s.fset.Position(n.Pos()).Line + 1
}

func TestFileAndFunctionSizes(t *testing.T) {
	var lengths []int
	code, tests := 0, 0
	for _, file := range sources(t) {
		if file.lines > maxFile {
			t.Errorf("%s has %d lines, over %d: which two rooms are in one?", file.path, file.lines, maxFile)
		}
		if file.test || within(file.pkg, "e2e") {
			tests += file.lines
		} else {
			code += file.lines
			lengths = append(lengths, file.lines)
		}
		ast.Inspect(file.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if lines := file.span(n); lines > maxFunc {
					t.Errorf("%s: func %s has %d lines, over %d", file.path, n.Name.Name, lines, maxFunc)
				}
			case *ast.KeyValueExpr:
				file.checkClosure(t, n)
			}
			return true
		})
	}
	slices.Sort(lengths)
	if median := lengths[len(lengths)/2]; median > maxMedian {
		t.Errorf("the median file has %d lines, over %d", median, maxMedian)
	}
	if ratio := float64(tests) / float64(code); ratio < minTests {
		t.Errorf("%d lines of tests for %d of code: %.2f, under %.1f", tests, code, ratio, minTests)
	}
}

// checkClosure keeps cobra's RunE to flags and one call.
func (s source) checkClosure(t *testing.T, kv *ast.KeyValueExpr) {
	t.Helper()
	key, ok := kv.Key.(*ast.Ident)
	if !ok || key.Name != "RunE" {
		return
	}
	if lines := s.span(kv.Value); lines > maxClosure {
		t.Errorf("%s: RunE at line %d has %d lines, over %d", s.path, s.fset.Position(kv.Pos()).Line, lines, maxClosure)
	}
}

func TestExportedNamesAreFewAndDocumented(t *testing.T) {
	exported, commented, packages := map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, file := range sources(t) {
		if file.test {
			continue
		}
		packages[file.pkg] = true
		commented[file.pkg] = commented[file.pkg] || file.ast.Doc != nil
		for _, decl := range file.ast.Decls {
			for name, documented := range declared(decl) {
				exported[file.pkg]++
				if !documented {
					t.Errorf("%s: %s has no comment", file.path, name)
				}
			}
		}
	}
	for pkg := range packages {
		if !commented[pkg] && !within(pkg, "e2e") {
			t.Errorf("package %s has no comment that tells its policy", pkg)
		}
		if exported[pkg] > maxExported {
			t.Errorf("package %s exports %d names, over %d", pkg, exported[pkg], maxExported)
		}
	}
}

// declared lists the exported top-level names of a declaration, and whether each is documented.
// Methods are documented too, but do not count as names of the package.
func declared(decl ast.Decl) map[string]bool {
	names := map[string]bool{}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil && d.Name.IsExported() {
			names[d.Name.Name] = d.Doc != nil
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					names[s.Name.Name] = d.Doc != nil || s.Doc != nil
				}
			case *ast.ValueSpec:
				for _, name := range s.Names {
					if name.IsExported() {
						names[name.Name] = d.Doc != nil || s.Doc != nil
					}
				}
			}
		}
	}
	return names
}
