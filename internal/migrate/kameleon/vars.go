package kameleon

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/oarcluster/oarcluster/internal/suggest"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// reference matches a variable, with braces or without.
var reference = regexp.MustCompile(`\$\$(\{[a-zA-Z0-9_-]+\}|[a-zA-Z0-9_-]+)`)

const (
	// These begin paths that the image does not have: of the data beside steps,
	// of the recipe's tree, and of the folder where Kameleon works.
	local     = "\x01"
	localData = local + "data:"
	localTree = local + "tree:"
	localWork = local + "work:"
	// maxText bounds what variables make of a text.
	maxText = 1 << 20
	// maxReplaced bounds how many variables are replaced in a text, for those that
	// double each other may make a text of nothing.
	maxReplaced = 10_000
	// maxRounds bounds how deep variables nest.
	maxRounds = 64
)

// scope is the variables that a text sees, the nearest first: those of a step,
// then the recipe's.
type scope []map[string]*node

func (s scope) value(name string) (*node, bool) {
	for _, vars := range s {
		if v, ok := vars[name]; ok {
			return v, true
		}
	}
	return nil, false
}

// names lists all variables.
func (s scope) names() []string {
	var names []string
	for _, vars := range s {
		for name := range vars {
			names = append(names, name)
		}
	}
	return names
}

// expand replaces the variables of a text, and those in their values.
func (s scope) expand(text, at string) (string, error) {
	replaced := 0
	text, err := s.replace(text, at, 0, &replaced)
	if len(text) > maxText {
		return "", fmt.Errorf("%s: variables make a text of more than %d bytes", at, maxText)
	}
	return text, err
}

func (s scope) replace(text, at string, round int, replaced *int) (string, error) {
	var b strings.Builder
	for {
		found := reference.FindStringIndex(text)
		if found == nil {
			b.WriteString(text)
			return b.String(), nil
		}
		name := strings.Trim(text[found[0]+2:found[1]], "{}")
		value, ok := s.value(name)
		switch {
		case !ok:
			err := fmt.Errorf("%s: no variable $${%s}%s", at, name, suggest.For(name, s.names()))
			return "", ui.WithHint(err, "give it by --set %s=VALUE", name)
		case round >= maxRounds:
			return "", fmt.Errorf("%s: variable $${%s} contains itself", at, name)
		case *replaced >= maxReplaced:
			return "", fmt.Errorf("%s: more than %d variables to replace", at, maxReplaced)
		}
		*replaced++
		inner, err := s.replace(value.String(), at, round+1, replaced)
		if err != nil {
			return "", err
		}
		if b.WriteString(text[:found[0]]); b.Len()+len(inner) > maxText {
			return "", fmt.Errorf("%s: variables make a text of more than %d bytes", at, maxText)
		}
		b.WriteString(inner)
		text = text[found[1]:]
	}
}

// String is the text that a variable's value stands for.
func (n *node) String() string {
	if n.kind != list {
		return strings.TrimRight(n.text, "\n")
	}
	var texts []string
	for _, v := range n.list {
		texts = append(texts, v.String())
	}
	return strings.Join(texts, " ")
}

// over returns the parent's variables with the child's over them. A child's
// value may contain the parent's, by naming itself.
func over(parent, child map[string]*node) map[string]*node {
	merged := map[string]*node{}
	for name, value := range parent {
		merged[name] = value
	}
	for name, value := range child {
		if below, ok := parent[name]; ok && value.kind == scalar {
			own := regexp.MustCompile(`\$\$(\{` + regexp.QuoteMeta(name) + `\}|` + regexp.QuoteMeta(name) + `\b)`)
			value = &node{kind: scalar, at: value.at, text: own.ReplaceAllLiteralString(value.text, below.String())}
		}
		merged[name] = value
	}
	return merged
}

// builtIn are the variables that Kameleon itself sets.
func builtIn(file string) map[string]*node {
	vars := map[string]*node{}
	for name, value := range map[string]string{
		"kameleon_recipe_name": strings.TrimSuffix(path.Base(file), ".yaml"), "kameleon_recipe_dir": localTree + path.Dir(file),
		"kameleon_cwd": localWork, "kameleon_data_dir": localData, "kameleon_uuid": "import", "kameleon_short_uuid": "import",
		"proxy_local": "", "proxy_out": "", "proxy_in": "", "checkpointing_enabled": "false", "persistent_cache": "false",
	} {
		vars[name] = &node{kind: scalar, text: value, at: "Kameleon"}
	}
	return vars
}
