package kameleon

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/migrate/draft"
)

// Bounds of the data that a recipe brings.
const (
	maxFiles = 2000
	maxFile  = 16 << 20
)

// test is a condition and what follows from it. One that only texts decide is
// decided here.
func (t *translator) test(n *node, at place) ([]part, error) {
	if n.kind != list || len(n.list) < 2 || len(n.list) > 3 {
		return nil, fmt.Errorf("%s: step %s: test takes a condition, a command, and another one for else", n.at, at.step)
	}
	key, value, _ := n.list[0].single()
	if value == nil {
		return nil, fmt.Errorf("%s: step %s: the condition of test must be a command", n.at, at.step)
	}
	condition, err := at.scope.expand(value.String(), value.at)
	if err != nil {
		return nil, err
	}
	holds, decided := draft.Condition(condition)
	switch {
	case decided && holds:
		return t.command(n.list[1], at)
	case decided && len(n.list) == 3:
		return t.command(n.list[2], at)
	case decided:
		return nil, nil
	case key != "exec_in" || strings.Contains(condition, local):
		t.draft.Leave(n.at, at.step+": test "+strings.ReplaceAll(condition, local, ""), "only the machine that builds could tell whether it holds")
		return nil, nil
	}
	return t.branches(condition, n, at)
}

// branches writes a condition that the image decides.
func (t *translator) branches(condition string, n *node, at place) ([]part, error) {
	script := "if " + strings.TrimRight(condition, "\n") + "\n"
	for i, word := range []string{"then", "else"}[:len(n.list)-1] {
		parts, err := t.command(n.list[i+1], at)
		if err != nil {
			return nil, err
		}
		text, ok := scripts(parts)
		if !ok {
			t.draft.Leave(n.at, at.step+": test "+condition, "files of a folder cannot depend on a condition")
			return nil, nil
		}
		script += word + "\n" + text
	}
	return []part{{script: script + "fi\n"}}, nil
}

// rescue is a command, and one for when it fails.
func (t *translator) rescue(n *node, at place) ([]part, error) {
	if n.kind != list || len(n.list) != 2 {
		return nil, fmt.Errorf("%s: step %s: rescue takes two commands", n.at, at.step)
	}
	first, err := t.command(n.list[0], at)
	if err != nil {
		return nil, err
	}
	second, err := t.command(n.list[1], at)
	if err != nil || len(second) == 0 {
		return first, err
	}
	try, ok := scripts(first)
	help, ok2 := scripts(second)
	if !ok || !ok2 {
		t.draft.Leave(n.at, at.step+": rescue", "files of a folder cannot depend on a condition")
		return nil, nil
	}
	return []part{{script: "if ! (\nset -e\n" + try + ")\nthen\n" + help + "fi\n"}}, nil
}

var (
	catIn = regexp.MustCompile(`^(?:cat\s*(?:-\s*)?(>>?)|tee)\s*(/\S+)\s*$`)
	tarIn = regexp.MustCompile(`^tar\s+(?:-?[a-z]*x[a-z]*)\s+(?:-\s+)?(?:-C|--directory)\s+(/\S*)\s*$`)
)

// pipe carries a file or a folder into the image, when both ends are known.
func (t *translator) pipe(n *node, at place) ([]part, error) {
	var keys, texts []string
	for _, end := range n.list {
		key, value, _ := end.single()
		if value == nil {
			return nil, fmt.Errorf("%s: step %s: pipe takes two commands", n.at, at.step)
		}
		text, err := at.scope.expand(value.String(), value.at)
		if err != nil {
			return nil, err
		}
		keys, texts = append(keys, key), append(texts, strings.TrimSpace(text))
	}
	if slices.Equal(keys, []string{"exec_local", "exec_in"}) {
		words := strings.Fields(texts[0])
		if to := catIn.FindStringSubmatch(texts[1]); to != nil && to[1] != ">>" && len(words) == 2 && words[0] == "cat" {
			return t.take(words[1], to[2], at, n.at)
		}
		if to := tarIn.FindStringSubmatch(texts[1]); to != nil && len(words) > 3 && words[0] == "tar" && words[len(words)-1] == "." {
			if i := slices.Index(words, "-C"); i > 0 && i+1 < len(words) {
				return t.take(words[i+1], to[1], at, n.at)
			}
		}
	}
	t.draft.Leave(n.at, at.step+": pipe "+strings.ReplaceAll(strings.Join(texts, " | "), local, ""), "only files of the recipe's tree can be carried into the image: use files:")
	return nil, nil
}

// take reads a file or folder of the recipe's tree that goes into the image.
func (t *translator) take(from, to string, at place, where string) ([]part, error) {
	source, ok := t.source(from)
	to = path.Clean(to)
	if !ok {
		t.draft.Leave(where, at.step+": "+strings.ReplaceAll(from, local, ""), "it is no file of the recipe's tree; put it beside the recipe and use files:")
		return nil, nil
	}
	files := map[string]draft.File{}
	err := fs.WalkDir(t.recipe.fsys, source, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := fs.Stat(t.recipe.fsys, name)
		switch {
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is no regular file", name)
		case info.Size() > maxFile || len(files) == maxFiles:
			return fmt.Errorf("%s: more than %d files, or one of more than %d MB", source, maxFiles, maxFile>>20)
		}
		data, err := fs.ReadFile(t.recipe.fsys, name)
		file := draft.File{Data: data}
		if info.Mode()&0o111 != 0 {
			file.Mode = 0o755
		}
		files[path.Join(to, strings.TrimPrefix(name, source))] = file
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: step %s: reading %s: %w", where, at.step, source, reason(err))
	}
	return []part{{files: files}}, nil
}

// source returns where in the tree a path of the recipe is.
func (t *translator) source(from string) (string, bool) {
	if data, ok := strings.CutPrefix(from, localData); ok {
		for _, dir := range suffixed(t.recipe.steps, "data") {
			file := path.Join(dir, data)
			if _, err := fs.Stat(t.recipe.fsys, file); fs.ValidPath(file) && err == nil {
				return file, true
			}
		}
	}
	if tree, ok := strings.CutPrefix(from, localTree); ok {
		file := path.Clean(tree)
		_, err := fs.Stat(t.recipe.fsys, file)
		return file, fs.ValidPath(file) && err == nil
	}
	return "", false
}
