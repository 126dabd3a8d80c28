package recipes

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/oarcluster/oarcluster/internal/suggest"
	"github.com/oarcluster/oarcluster/recipes/grammar"
)

// maxAdded bounds what variables add to a recipe, so that a hostile one cannot
// exhaust memory.
const maxAdded = 16 << 20

// reference matches what may be a variable in a text: $${ is an escape, and the
// end may be missing.
var reference = regexp.MustCompile(`\$\$\{|\$\{[^}\n]*\}?`)

// value returns the value of a variable of the chain. It is false after a
// mistake, which has been recorded.
func (c *chain) value(name string) (string, bool) {
	v := c.vars[name]
	switch {
	case v.missing:
		return "", false
	case v.plain:
		return v.value, true
	case v.resolved:
		return v.value, v.ok
	case v.resolving:
		c.mistakes.Add(v.source, v.text.At, "variable %q is made of itself", name)
		return "", false
	}
	v.resolving = true
	v.value, v.ok = c.replace(v.source, v.text, false)
	v.resolved = true
	return v.value, v.ok
}

// replace returns t with its variables replaced. A script keeps what is not a
// variable's name, for that is the shell's. It is false after a mistake, which
// has been recorded.
func (c *chain) replace(source []byte, t text, script bool) (string, bool) {
	ok := !t.Bad
	told := map[string]bool{}
	value := reference.ReplaceAllStringFunc(t.Value, func(match string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(match, "${"), "}")
		isName := grammar.Variable.Allows(name) && strings.HasSuffix(match, "}")
		_, known := c.vars[name]
		switch {
		case match == "$${":
			return "${"
		case isName && known:
			value, good := c.value(name)
			ok = ok && good && c.afford(source, t.At, len(value))
			if !ok {
				return ""
			}
			return value
		case script && !isName:
			return match
		}
		ok = false
		if !told[match] {
			told[match] = true
			c.mistakes.Add(source, locate(source, t.At, match), "%s", c.notVariable(match, name, isName, script))
		}
		return ""
	})
	return value, ok
}

// notVariable says what is wrong with what looks like a variable.
func (c *chain) notVariable(match, name string, isName, script bool) string {
	if !isName {
		return fmt.Sprintf("%q is not a variable: %s", match, grammar.Variable.Say)
	}
	message := fmt.Sprintf("unknown variable %q%s", name, suggest.For(name, names(c.vars)))
	if script {
		message += "; the shell's own is written $" + match
	}
	return message
}

// afford counts what variables add to a chain, so that a few that are made of
// each other cannot fill the memory.
func (c *chain) afford(source []byte, at Position, size int) bool {
	before := c.added
	c.added += size
	if before <= maxAdded && c.added > maxAdded {
		c.mistakes.Add(source, at, "variables add more than %d bytes", maxAdded)
	}
	return c.added <= maxAdded
}

// locate returns where a word of the thing at a place is written.
func locate(source []byte, at Position, word string) Position {
	lines := strings.Split(string(source), "\n")
	for line := at.Line; line > 0 && line <= min(at.End, len(lines)); line++ {
		if i := strings.Index(lines[line-1], word); i >= 0 {
			return Position{File: at.File, Line: line, Col: len([]rune(lines[line-1][:i])) + 1, End: line}
		}
	}
	return at
}
