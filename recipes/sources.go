package recipes

import (
	"bytes"
	"path"
	"slices"
)

// armoured is how a public key begins in the form that apt calls .asc.
const armoured = "-----BEGIN PGP PUBLIC KEY BLOCK-----"

// sources adds a recipe's archives to those below. One of a name that is there
// already takes its place.
func (c *chain) sources(all []Source, r *recipe) []Source {
	for _, p := range r.parts {
		seen := map[string]int{}
		for _, n := range p.root.Get("sources").List {
			s := Source{At: n.At}
			s.Name = c.checked(p, n.Get("name").Text)
			s.URL = c.checked(p, n.Get("url").Text)
			s.Suite = c.checked(p, n.Get("suite").Text)
			s.Components = c.all(p, n.Get("components").List)
			s.Keyring, s.Key = c.key(p, n)
			platforms, holds := c.when(p, n.Get("when"))
			if s.platforms = platforms; !holds {
				continue
			}
			if line, twice := seen[s.Name]; twice && s.Name != "" {
				c.mistake(p, n.Get("name").At, "source %q is listed twice, first on line %d", s.Name, line)
			}
			seen[s.Name] = n.At.Line
			all = slices.DeleteFunc(slices.Clone(all), func(b Source) bool { return b.Name == s.Name })
			all = append(all, s)
		}
	}
	return all
}

// key returns the public key of an archive, and the file beside the recipe that
// it is from, "" when it is written out.
func (c *chain) key(p *part, n node) (file string, key []byte) {
	if inline := n.Get("key"); inline.Given() {
		text := c.checked(p, inline.Text)
		if !inline.Bad && !isArmoured([]byte(text)) {
			c.mistake(p, inline.At, "key is no armoured public key: it begins with %s", armoured)
		}
		return "", []byte(text)
	}
	keyring := n.Get("keyring")
	file = c.checked(p, keyring.Text)
	if file == "" {
		return "", nil
	}
	if !path.IsAbs(file) {
		file = path.Join(p.near, file)
	}
	key, err := c.read(file)
	switch {
	case err != nil:
		c.mistake(p, keyring.At, "reading keyring: %v", err)
	case !isArmoured(key):
		c.mistake(p, keyring.At, "keyring %q is no armoured public key: make one with gpg --export --armor", file)
	}
	return file, key
}

func isArmoured(key []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(key), []byte(armoured))
}
