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
	suite    Suite
	// added counts the bytes that variables added.
	added int
}

func (c *chain) mistake(r *recipe, at Position, format string, args ...any) {
	c.mistakes.add(r.text, at, format, args...)
}

// resolve replaces the variables of all recipes of the chain and checks every
// value.
func (c *chain) resolve() *Resolved {
	c.declare()
	c.checkDebian()
	top := c.recipes[len(c.recipes)-1]
	res := &Resolved{
		File:      top.file,
		Suite:     c.suite,
		Tags:      []string{"latest"},
		Platforms: []string{"linux/amd64", "linux/arm64"},
		Levels:    []Level{c.suite.bare()},
		Base:      c.base(),
		Texts:     map[string][]byte{},
	}
	for _, r := range c.recipes {
		res.Texts[r.file] = r.text
		res.Name = c.checked(r, r.name, "name", nameRule, nameText)
		if r.tags != nil {
			res.Tags = c.all(r, r.tags, "tag", tagRule, tagText)
		}
		if r.platforms != nil {
			res.Platforms = c.all(r, r.platforms, "platform", platformRule, platformText)
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
	if res.Base != "" {
		res.Levels[0] = Level{Name: "image"}
	}
	for _, name := range names(c.vars) {
		value, _ := c.value(name)
		res.Vars = append(res.Vars, Var{Name: name, Value: value, Origin: c.vars[name].origin})
	}
	return res
}

// checkDebian refuses a base of another suite than the one that the built-in
// variables are for.
func (c *chain) checkDebian() {
	r := c.recipes[0]
	debian, ok := c.replace(r.text, r.debian, false)
	if ok && r.debian.value != "" && debian != c.suite.Name && slices.Contains(suiteNames(), debian) {
		c.mistake(r, r.debian.at, "from debian %q, but the variable suite is %q (%s): write {debian: \"${suite}\"}",
			debian, c.suite.Name, c.vars["suite"].origin)
	}
}
