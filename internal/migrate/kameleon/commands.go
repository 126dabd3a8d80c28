package kameleon

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/migrate/draft"
	"github.com/oarcluster/oarcluster/internal/suggest"
)

// maxAliases bounds how deep aliases and groups nest.
const maxAliases = 16

// builtins are Kameleon's own commands, and the aliases of its recipes that are
// understood as what they mean.
var builtins = []string{
	"exec_in", "exec_out", "exec_local", "pipe", "test", "rescue", "group", "breakpoint", "reload_context", "on_checkpoint",
	"write_in", "write_raw_in", "append_in", "append_raw_in", "local2in", "apt-get_in", "download_file_in",
}

// command translates one command.
func (t *translator) command(n *node, at place) ([]part, error) {
	key, value, ok := n.single()
	switch {
	case !ok:
		return nil, fmt.Errorf("%s: a command of step %s must be one key with its value", n.at, at.step)
	case at.depth > maxAliases:
		return nil, fmt.Errorf("%s: commands of step %s nest deeper than %d: does alias %q contain itself?", n.at, at.step, maxAliases, key)
	case strings.HasPrefix(key, "on_") && key != "on_checkpoint":
		return nil, t.hook(key, value, at)
	}
	at.depth++
	switch key {
	case "exec_in":
		return t.exec(value, at, "")
	case "apt-get_in":
		return t.exec(value, at, "apt-get -y ")
	case "exec_out", "exec_local":
		return nil, t.outside(key, value, at)
	case "write_in", "write_raw_in", "append_in", "append_raw_in":
		return t.write(key, value, at)
	case "local2in", "download_file_in":
		return t.copy(key, value, at)
	case "pipe":
		return t.pipe(value, at)
	case "test":
		return t.test(value, at)
	case "rescue":
		return t.rescue(value, at)
	case "group":
		return t.commands(value.list, at)
	case "breakpoint":
		t.draft.Leave(value.at, at.step+": breakpoint", "--on-error shell stops at a step that fails")
		return nil, nil
	case "on_checkpoint", "reload_context":
		t.draft.Leave(value.at, at.step+": "+key, "every step is cached by its content, and runs by itself")
		return nil, nil
	}
	if alias, ok := t.recipe.aliases[key]; ok {
		return t.alias(key, alias, value, at)
	}
	words := slices.AppendSeq(slices.Clone(builtins), maps.Keys(t.recipe.aliases))
	return nil, fmt.Errorf("%s: step %s: unknown command %q%s", n.at, at.step, key, suggest.For(key, words))
}

// exec is a script that runs in the image.
func (t *translator) exec(n *node, at place, prefix string) ([]part, error) {
	text, err := at.scope.expand(n.String(), n.at)
	if err != nil || text == "" {
		return nil, err
	}
	if strings.Contains(text, local) {
		t.draft.Leave(n.at, at.step+": "+text, "it names a file of the machine that builds")
		return nil, nil
	}
	text = strings.ReplaceAll(prefix+text, " --force-yes", "")
	if strings.Contains(text, "$KAMELEON_WORKDIR") || strings.Contains(text, "${KAMELEON_WORKDIR") {
		text = "KAMELEON_WORKDIR=/tmp\n" + text
	}
	return []part{{script: text}}, nil
}

// outside tells about a command of the machine that builds.
func (t *translator) outside(key string, n *node, at place) error {
	text, err := at.scope.expand(n.String(), n.at)
	if err != nil {
		text = n.String()
	}
	t.draft.Leave(n.at, at.step+": "+key+": "+strings.ReplaceAll(text, local, ""), "a build touches nothing of the machine that it runs on")
	return nil
}

// arguments expands what an alias is called with.
func (t *translator) arguments(key string, n *node, at place, want int) ([]string, error) {
	entries := n.list
	if n.kind == scalar {
		entries = []*node{n}
	}
	if len(entries) != want {
		return nil, fmt.Errorf("%s: step %s: %s takes %d arguments, not %d", n.at, at.step, key, want, len(entries))
	}
	var args []string
	for _, e := range entries {
		arg, err := at.scope.expand(e.String(), e.at)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	return args, nil
}

// dynamic is what the shell expands in a document without quotes.
var dynamic = regexp.MustCompile("[$`]|\\\\[\\\\\n]")

// write is a text that goes into a file, or to its end.
func (t *translator) write(key string, n *node, at place) ([]part, error) {
	args, err := t.arguments(key, n, at, 2)
	if err != nil {
		return nil, err
	}
	file, text := args[0], strings.TrimRight(args[1], "\n")+"\n"
	if strings.Contains(file+text, local) {
		t.draft.Leave(n.at, at.step+": "+key+" "+strings.ReplaceAll(file, local, ""), "it names a file of the machine that builds")
		return nil, nil
	}
	expand := !strings.Contains(key, "raw") && dynamic.MatchString(text)
	if strings.HasPrefix(key, "append") {
		return []part{{script: draft.Text(">>", file, text, expand)}}, nil
	}
	script := draft.Text(">", file, text, expand)
	if expand || path.Clean(file) != file || !path.IsAbs(file) || strings.ContainsAny(file, "$`*?~\"' ") {
		return []part{{script: script}}, nil
	}
	return []part{{script: script, files: map[string]draft.File{file: {Data: []byte(text)}}}}, nil
}

// copy is a file that goes into the image, from beside the steps or the network.
func (t *translator) copy(key string, n *node, at place) ([]part, error) {
	args, err := t.arguments(key, n, at, 2)
	if err != nil {
		return nil, err
	}
	if key == "local2in" {
		return t.take(args[0], args[1], at, n.at)
	}
	args[1] = strings.ReplaceAll(args[1], "$KAMELEON_WORKDIR", "/tmp")
	if strings.Contains(strings.Join(args, ""), local) {
		t.draft.Leave(n.at, at.step+": download", "it names a file of the machine that builds")
		return nil, nil
	}
	t.draft.Install(n.at, "ca-certificates", "curl")
	return []part{{script: fmt.Sprintf("mkdir -p \"$(dirname \"%s\")\"\ncurl -fsSL --retry 3 -o \"%s\" \"%s\"\n", args[1], args[1], args[0])}}, nil
}

// alias runs the commands of an alias with its arguments in their place.
func (t *translator) alias(key string, alias, value *node, at place) ([]part, error) {
	want := map[string]bool{}
	for _, word := range regexp.MustCompile(`@\d+`).FindAllString(alias.texts(), -1) {
		want[word] = true
	}
	var args []string
	if value.kind == list || len(want) > 0 {
		var err error
		if args, err = t.arguments(key, value, at, len(want)); err != nil {
			return nil, err
		}
	}
	return t.commands(alias.with(args).list, at)
}

// texts joins all texts of a value.
func (n *node) texts() string {
	all := n.text
	for _, v := range n.list {
		all += "\n" + v.texts()
	}
	for _, e := range n.keys {
		all += "\n" + e.value.texts()
	}
	return all
}

// with returns a value in whose texts @1, @2 and so on are replaced.
func (n *node) with(args []string) *node {
	made := &node{kind: n.kind, text: n.text, at: n.at}
	for i, arg := range args {
		made.text = strings.ReplaceAll(made.text, fmt.Sprintf("@%d", i+1), arg)
	}
	for _, v := range n.list {
		made.list = append(made.list, v.with(args))
	}
	for _, e := range n.keys {
		made.keys = append(made.keys, entry{e.key, e.value.with(args)})
	}
	return made
}
