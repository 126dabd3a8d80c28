package recipes

import "bytes"

// Fill replaces the variables of a text file, as in a script. The file's name is
// for the messages about what is wrong with it.
func (f Files) Fill(file string, data []byte) ([]byte, error) {
	c := &chain{mistakes: &mistakes{}, vars: map[string]*variable{}}
	for name, value := range f.vars {
		c.vars[name] = &variable{plain: true, value: value}
	}
	if at, what := badByte(data); what != "" {
		at.File = file
		c.mistakes.add(nil, at, "a template is a text: %s", what)
		return nil, c.mistakes.err()
	}
	all := Position{File: file, Line: 1, Col: 1, End: 1 + bytes.Count(data, []byte("\n"))}
	filled, _ := c.replace(data, text{value: string(data), at: all}, true)
	return []byte(filled), c.mistakes.err()
}
