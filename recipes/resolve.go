package recipes

import "slices"

// chain is a recipe and all that it comes from, on the way to its resolved form.
type chain struct {
	// recipes has the lowest first.
	recipes  []*recipe
	set      map[string]string
	read     func(file string) ([]byte, error)
	mistakes *mistakes
	vars     map[string]*variable
	// values are those of vars.
	values map[string]string
	suite  Suite
	// added counts the bytes that variables added.
	added int
}

func (c *chain) mistake(p *part, at Position, format string, args ...any) {
	c.mistakes.Add(p.text, at, format, args...)
}

// resolve replaces the variables of all recipes of the chain and checks every
// value.
func (c *chain) resolve() *Resolved {
	c.declare()
	c.checkDebian()
	res := &Resolved{
		File:      c.recipes[len(c.recipes)-1].file,
		Suite:     c.suite,
		Tags:      []string{"latest"},
		Platforms: []string{"linux/amd64", "linux/arm64"},
		Levels:    []Level{c.suite.bare()},
		Base:      c.checked(c.recipes[0].part, c.recipes[0].base),
		Texts:     map[string][]byte{},
	}
	if c.recipes[0].base.Rule != nil {
		res.Levels[0] = Level{Name: "image"}
	}
	res.Vars = c.list()
	for _, r := range c.recipes {
		res.Name = c.checked(r.part, r.root.Get("name").Text)
		for _, p := range r.parts {
			res.Texts[p.file] = p.text
			if n := p.root.Get("tags"); n.Given() {
				res.Tags = c.all(p, n.List)
			}
			if n := p.root.Get("platforms"); n.Given() {
				res.Platforms = c.all(p, n.List)
			}
		}
		res.Levels = append(res.Levels, Level{
			Name:     res.Name,
			Packages: c.packages(r),
			Files:    c.files(r),
			Run:      c.steps(r),
		})
		res.Sources = c.sources(res.Sources, r)
		c.image(&res.Image, r)
	}
	return res
}

// checkDebian refuses a base of another suite than the one that the built-in
// variables are for.
func (c *chain) checkDebian() {
	r := c.recipes[0]
	debian, ok := c.replace(r.text, r.debian, false)
	if ok && r.debian.Value != "" && debian != c.suite.Name && slices.Contains(suiteNames(), debian) {
		c.mistake(r.part, r.debian.At, "from debian %q, but the variable suite is %q (%s): write {debian: \"${suite}\"}",
			debian, c.suite.Name, c.vars["suite"].origin)
	}
}
