package recipes

import (
	"bytes"

	"github.com/oarcluster/oarcluster/internal/strict"
)

// Fill replaces the variables of a text file, as in a script. The file's name is
// for the messages about what is wrong with it.
func (f Files) Fill(file string, data []byte) ([]byte, error) {
	c := &chain{mistakes: &mistakes{}, vars: map[string]*variable{}}
	for name, value := range f.vars {
		c.vars[name] = &variable{plain: true, value: value}
	}
	if at, what := strict.BadByte(data); what != "" {
		at.File = file
		c.mistakes.Add(nil, at, "a template is a text: %s", what)
		return nil, c.mistakes.Err()
	}
	all := Position{File: file, Line: 1, Col: 1, End: 1 + bytes.Count(data, []byte("\n"))}
	filled, _ := c.replace(data, text{Value: string(data), At: all}, true)
	return []byte(filled), c.mistakes.Err()
}
