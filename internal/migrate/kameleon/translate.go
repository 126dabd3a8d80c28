package kameleon

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/migrate/draft"
)

// translator turns commands into a draft.
type translator struct {
	recipe *recipe
	draft  *draft.Draft
	// functions are those that Kameleon's shells have from files of `env:`.
	functions []string
	// before and after are the hooks of the section, early those of exports.
	before, after, early []action
}

// action is what one microstep does in the image.
type action struct {
	name, at string
	parts    []part
}

// part is a script or files that are written.
type part struct {
	script string
	files  map[string]draft.File
}

// place is where a command is, and what it sees.
type place struct {
	step  string
	scope scope
	// init and clean are the hooks of the macrostep.
	init, clean *[]action
	depth       int
}

// setup carries over the section that works in the image.
func (t *translator) setup() error {
	var all []action
	for _, n := range t.recipe.sections["setup"] {
		m, err := t.recipe.step("setup", n)
		if err != nil {
			return err
		}
		actions, err := t.macrostep(m)
		if err != nil {
			return err
		}
		all = append(all, actions...)
	}
	slices.Reverse(t.after)
	for _, a := range slices.Concat(t.before, all, t.after, t.early) {
		t.emit(a)
	}
	return nil
}

// macrostep translates a step: its hooks of init, what it does, those of clean.
func (t *translator) macrostep(m *macrostep) ([]action, error) {
	var init, clean, all []action
	at := place{scope: scope{m.vars, t.recipe.global}, init: &init, clean: &clean}
	for _, micro := range m.micro {
		at.step = m.name + ": " + micro.name
		parts, err := t.commands(micro.commands, at)
		if err != nil {
			return nil, err
		}
		all = append(all, action{at.step, micro.at, parts})
	}
	slices.Reverse(init)
	slices.Reverse(clean)
	return slices.Concat(init, all, clean), nil
}

// emit hands a microstep to the draft: its scripts as one, for Kameleon's shell
// keeps variables from one command to the next.
func (t *translator) emit(a action) {
	script := ""
	flush := func() {
		if script != "" {
			t.warn(a, script)
			t.draft.Run(a.at, a.name, script)
		}
		script = ""
	}
	for _, p := range a.parts {
		if p.files == nil {
			script += strings.TrimRight(p.script, "\n") + "\n"
			continue
		}
		flush()
		t.draft.Write(a.at, a.name, "", p.files)
	}
	flush()
}

// warn tells about what a script has from Kameleon's shell.
func (t *translator) warn(a action, script string) {
	for _, f := range t.functions {
		if regexp.MustCompile(`(^|[\s;&|(])` + regexp.QuoteMeta(f) + `($|[\s;&|)])`).MatchString(script) {
			t.draft.Leave(a.at, a.name+": function "+f, "it is a function of a file of env:, which steps do not have")
		}
	}
}

// commands translates a list of commands, in order.
func (t *translator) commands(list []*node, at place) ([]part, error) {
	var parts []part
	for _, n := range list {
		p, err := t.command(n, at)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p...)
	}
	return parts, nil
}

// hook keeps what runs at another time.
func (t *translator) hook(key string, n *node, at place) error {
	if n.kind != list {
		return fmt.Errorf("%s: %s must be a list of commands", n.at, key)
	}
	name := at.step
	if strings.HasSuffix(key, "clean") {
		name += " (clean)"
	}
	parts, err := t.commands(n.list, at)
	if err != nil {
		return err
	}
	one := []action{{name, n.at, parts}}
	switch key {
	case "on_init":
		*at.init = append(*at.init, one...)
	case "on_clean":
		*at.clean = append(*at.clean, one...)
	case "on_setup_init":
		t.before = append(t.before, one...)
	case "on_setup_clean":
		t.after = append(t.after, one...)
	case "on_export_init", "on_export_clean":
		t.early = append(t.early, one...)
	case "on_bootstrap_init", "on_bootstrap_clean":
		t.draft.Leave(n.at, at.step+": "+key, "from: does what bootstrap did")
	default:
		return fmt.Errorf("%s: unknown hook %q", n.at, key)
	}
	return nil
}

// scripts joins parts to one script; ok is false when files are among them that
// no script can write.
func scripts(parts []part) (script string, ok bool) {
	for _, p := range parts {
		if p.files != nil && p.script == "" {
			return "", false
		}
		script += strings.TrimRight(p.script, "\n") + "\n"
	}
	if script == "" {
		script = ":\n"
	}
	return script, true
}
