package recipes

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/suggest"
)

// declaration says what a variable may be.
type declaration struct {
	// at is zero for a variable that nobody declared.
	at      Position
	kind    string
	values  []string
	pattern string
	must    *regexp.Regexp
	help    string
}

var (
	integer = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	boolean = regexp.MustCompile(`^(true|false)$`)
)

// declaration reads what a recipe says about a variable.
func (c *chain) declaration(p *part, n node) declaration {
	decl := declaration{at: n.At, kind: n.Get("type").Value, help: n.Get("help").Value, pattern: n.Get("pattern").Value}
	values, pattern := n.Get("values"), n.Get("pattern")
	for _, v := range values.List {
		decl.values = append(decl.values, v.Value)
	}
	if decl.kind == "" {
		decl.kind = "string"
		if values.Given() {
			decl.kind = "enum"
		}
	}
	switch {
	case decl.kind == "enum" && len(decl.values) == 0 && !values.Bad:
		c.mistake(p, n.At, "values is missing in variable: an enum lists its values")
	case decl.kind != "enum" && values.Given():
		c.mistake(p, values.At, "values are those of an enum, not of type %s", decl.kind)
	case decl.kind != "string" && pattern.Given():
		c.mistake(p, pattern.At, "a pattern is for strings, not for type %s", decl.kind)
	case decl.kind == "int":
		decl.must = integer
	case decl.kind == "bool":
		decl.must = boolean
	case pattern.Given() && !pattern.Bad:
		must, err := regexp.Compile("^(?:" + decl.pattern + ")$")
		if err != nil {
			c.mistake(p, pattern.At, "pattern %q: %v", decl.pattern, err)
		}
		decl.must = must
	}
	return decl
}

// refuse says why a value is not of the type, "" when it is.
func (d declaration) refuse(value string) string {
	switch {
	case d.kind == "enum" && !slices.Contains(d.values, value):
		return "it must be one of " + strings.Join(d.values, ", ") + nearest(value, d.values)
	case d.must == nil || d.must.MatchString(value):
		return ""
	case d.kind == "int":
		return "it must be an integer"
	case d.kind == "bool":
		return "it must be true or false"
	}
	return fmt.Sprintf("it must match %s", d.pattern)
}

// nearest is the word that may have been meant, but no list of all of them.
func nearest(word string, known []string) string {
	if hint := suggest.For(word, known); strings.Contains(hint, "did you mean") {
		return hint
	}
	return ""
}

// checkTypes looks at the value of each variable that has a type.
func (c *chain) checkTypes() {
	for _, name := range names(c.vars) {
		v := c.vars[name]
		if v.missing {
			if !v.told {
				c.mistakes.Add(v.source, v.decl.at, "variable %q has no value: give one with --set %s=VALUE%s", name, name, purpose(v.decl.help))
			}
			continue
		}
		value, ok := c.value(name)
		if !v.decl.at.IsSet() || !ok {
			continue
		}
		switch say := v.decl.refuse(value); {
		case say == "":
		case v.origin == setOrigin:
			c.mistakes.Add(nil, Position{}, "--set %s=%s: %s (declared at %s)", name, value, say, v.decl.at)
		case v.text.At.IsSet():
			c.mistakes.Add(v.source, v.text.At, "variable %q is %q: %s", name, value, say)
		}
	}
}

func purpose(help string) string {
	if help == "" {
		return ""
	}
	return " (" + help + ")"
}

// list answers the variables and their values.
func (c *chain) list() []Var {
	var all []Var
	c.values = map[string]string{}
	for _, name := range names(c.vars) {
		v := c.vars[name]
		value := ""
		if !v.missing {
			value, _ = c.value(name)
		}
		c.values[name] = value
		all = append(all, Var{
			Name: name, Value: value, Origin: v.origin,
			Type: cmp.Or(v.decl.kind, "string"), Pattern: v.decl.pattern, Help: v.decl.help, Values: v.decl.values,
		})
	}
	return all
}
