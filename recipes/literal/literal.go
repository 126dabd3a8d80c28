// Package literal writes texts into recipes so that none of them is taken for a
// variable. What is read again is the text as it was.
package literal

import (
	"regexp"
	"strings"
)

// Text writes a text of any key but a script.
func Text(text string) string { return strings.ReplaceAll(text, "${", "$${") }

// Texts writes each of the texts. There are none as long as there were none.
func Texts(texts []string) []string {
	if texts == nil {
		return nil
	}
	escaped := make([]string, len(texts))
	for i, t := range texts {
		escaped[i] = Text(t)
	}
	return escaped
}

// inScript matches what would be replaced in a script: of the shell's own
// variables those alone that a recipe could have.
var inScript = regexp.MustCompile(`\$\$+\{|\$\{[a-z][a-z0-9_]*\}`)

// Script writes a step's script.
func Script(sh string) string { return inScript.ReplaceAllString(sh, "$$$0") }
