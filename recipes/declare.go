package recipes

import (
	"strings"

	"github.com/oarcluster/oarcluster/internal/suggest"
)

// Where values come from that no recipe gives.
const (
	setOrigin     = "--set"
	builtInOrigin = "built in"
)

// variable is the value of a variable that counts, once known, and what the
// variable may be.
type variable struct {
	decl   declaration
	text   text
	source []byte
	origin string
	// missing marks one that is declared without a value, told one whose
	// declaration has a mistake already.
	missing, told bool
	// plain values, of --set and of the program, are taken as they are.
	plain     bool
	value     string
	ok        bool
	resolving bool
	resolved  bool
}

// declare collects the variables of a chain by their precedence: --set, then
// the recipes from the top down, each before what it includes, then what is
// built in. What a variable may be is said by whoever declares it nearest to
// the top.
func (c *chain) declare() {
	c.vars = map[string]*variable{}
	for _, r := range c.recipes {
		for _, p := range r.parts {
			for _, one := range p.root.Get("vars").Pairs {
				c.declareOne(p, one)
			}
		}
	}
	c.declareSuite()
	for name, value := range c.suite.builtIn() {
		c.builtIn(name, value)
	}
	for name, value := range c.set {
		if v, ok := c.vars[name]; ok {
			c.vars[name] = &variable{decl: v.decl, plain: true, value: value, origin: setOrigin}
		}
	}
	c.checkTypes()
}

// declareOne takes a variable of a recipe over what is known of it from below.
func (c *chain) declareOne(p *part, one pair) {
	name := one.Key.Value
	if !one.Key.Rule.Allows(name) {
		c.mistake(p, one.Key.At, "variable %q: %s", name, one.Key.Rule.Say)
		return
	}
	v := &variable{text: one.Value.Text, source: p.text, origin: one.Value.At.String()}
	old, known := c.vars[name]
	if known {
		v.decl = old.decl
	}
	if one.Value.Keys != nil {
		v.decl, v.text = c.declaration(p, one.Value), one.Value.Get("default").Text
		v.missing, v.told = !v.text.At.IsSet(), one.Value.Bad
		v.origin = v.text.At.String()
	}
	if v.missing && known && !old.missing {
		v.text, v.source, v.origin, v.missing = old.text, old.source, old.origin, false
	}
	c.vars[name] = v
}

// declareSuite finds out which release the chain is of.
func (c *chain) declareSuite() {
	bottom := c.recipes[0]
	v, declared := c.vars["suite"]
	if !declared || v.missing {
		name := defaultSuite
		if debian := bottom.debian.Value; debian != "" && !strings.Contains(debian, "${") {
			name = debian
		}
		c.builtIn("suite", name)
	}
	name, set := c.set["suite"]
	if !set {
		name, _ = c.value("suite")
	}
	suite, ok := suiteNamed(name)
	if !ok {
		c.unknownSuite(name, set)
		suite, _ = suiteNamed(defaultSuite)
	}
	c.suite = suite
}

// builtIn gives a variable the value that it has when no recipe gives another.
func (c *chain) builtIn(name, value string) {
	v, ok := c.vars[name]
	if !ok {
		v = &variable{}
		c.vars[name] = v
	}
	if v.decl.kind == "" {
		v.decl.kind, v.decl.help = "string", builtInHelp[name]
		if name == "suite" {
			v.decl.kind, v.decl.values = "enum", suiteNames()
		}
	}
	if !ok || v.missing {
		v.missing, v.plain, v.value, v.origin = false, true, value, builtInOrigin
	}
}

// unknownSuite points at what chose the suite.
func (c *chain) unknownSuite(name string, set bool) {
	bottom, v := c.recipes[0], c.vars["suite"]
	hint := suggest.For(name, suiteNames())
	switch {
	case v.text.Bad || bottom.debian.Bad:
	case set:
		c.mistakes.Add(nil, Position{}, "--set suite=%s: unknown suite%s", name, hint)
	case !v.plain:
		c.mistakes.Add(v.source, v.text.At, "unknown suite %q%s", name, hint)
	default:
		c.mistake(bottom.part, bottom.debian.At, "unknown suite %q%s", name, hint)
	}
}
