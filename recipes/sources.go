package recipes

import (
	"bytes"
	"path"
	"slices"
)

// armoured is how a public key begins in the form that apt calls .asc.
const armoured = "-----BEGIN PGP PUBLIC KEY BLOCK-----"

// base returns the image that the chain comes from, "" when it is Debian's archive.
func (c *chain) base() string {
	r := c.recipes[0]
	if r.base.value == "" {
		return ""
	}
	return c.checked(r, r.base, "image", pinnedRule, pinnedText)
}

// sources adds a recipe's archives to those below. One of a name that is there
// already takes its place.
func (c *chain) sources(below []Source, r *recipe) []Source {
	all := slices.Clone(below)
	seen := map[string]int{}
	for _, a := range r.sources {
		s := Source{At: a.at}
		s.Name = c.required(r, a.name, a.at, "sources", "name", "name", nameRule, nameText)
		s.URL = c.required(r, a.url, a.at, "sources", "url", "url", urlRule, urlText)
		s.Suite = c.required(r, a.suite, a.at, "sources", "suite", "suite", suiteRule, suiteText)
		if len(a.components) == 0 {
			c.mistake(r, a.at, "components is missing in sources")
		}
		s.Components = c.all(r, a.components, "component", wordRule, wordText)
		s.Key = c.key(r, a)
		platforms, holds := c.when(r, a.when)
		if s.platforms = platforms; !holds {
			continue
		}
		if line, twice := seen[s.Name]; twice && s.Name != "" {
			c.mistake(r, a.name.at, "source %q is listed twice, first on line %d", s.Name, line)
		}
		seen[s.Name] = a.at.Line
		all = slices.DeleteFunc(all, func(b Source) bool { return b.Name == s.Name })
		all = append(all, s)
	}
	return all
}

// key returns the public key of an archive: written out, or in a file beside the
// recipe.
func (c *chain) key(r *recipe, a archive) []byte {
	if a.key != (text{}) {
		if a.keyring != (text{}) {
			c.mistake(r, a.key.at, "source has both a key and a keyring")
		}
		if !a.key.bad && !isArmoured([]byte(a.key.value)) {
			c.mistake(r, a.key.at, "key is no armoured public key: it begins with %s", armoured)
		}
		return []byte(a.key.value)
	}
	file := c.required(r, a.keyring, a.at, "sources", "keyring", "keyring", fromRule, fromRuleText)
	if file == "" {
		return nil
	}
	if !path.IsAbs(file) {
		file = path.Join(r.near, file)
	}
	key, err := c.read(file)
	switch {
	case err != nil:
		c.mistake(r, a.keyring.at, "reading keyring: %v", err)
	case !isArmoured(key):
		c.mistake(r, a.keyring.at, "keyring %q is no armoured public key: make one with gpg --export --armor", file)
	}
	return key
}

func isArmoured(key []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(key), []byte(armoured))
}
