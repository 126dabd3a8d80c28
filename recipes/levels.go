package recipes

import "time"

// itself is how modes and templates name what a files entry comes from.
const itself = "."

// packages answers the packages that a recipe asks for. Its parts may ask for
// the same one, but a part only once.
func (c *chain) packages(r *recipe) []Package {
	var list []Package
	all := map[string]bool{}
	for _, p := range r.parts {
		seen := map[string]int{}
		for _, n := range p.root.get("packages").list {
			name := n
			if n.keys != nil {
				name = n.get("name")
			}
			one := Package{Name: c.checked(p, name.text), At: n.at}
			platforms, holds := c.when(p, n.get("when"))
			if one.platforms = platforms; !holds {
				continue
			}
			if line, twice := seen[one.Name]; twice && one.Name != "" && platforms == nil {
				c.mistake(p, name.at, "package %q is listed twice, first on line %d", one.Name, line)
				continue
			}
			seen[one.Name] = n.at.Line
			if platforms == nil && all[one.Name] {
				continue
			}
			all[one.Name] = all[one.Name] || platforms == nil
			list = append(list, one)
		}
	}
	return list
}

func (c *chain) files(r *recipe) []Files {
	var list []Files
	for _, p := range r.parts {
		for _, n := range p.root.get("files").list {
			f := Files{Near: p.near, At: n.at, Mode: map[string]uint32{}, vars: c.values}
			f.From = c.checked(p, n.get("from").text)
			f.To = c.checked(p, n.get("to").text)
			mode := n.get("mode")
			for _, one := range mode.pairs {
				f.Mode[c.checked(p, one.key)] = octal(c.checked(p, one.value.text))
			}
			if mode.rule != nil {
				f.Mode[itself] = octal(c.checked(p, mode.text))
			}
			f.Owner = c.owner(p, n.get("owner").text)
			f.Template = c.all(p, n.get("template").entries())
			platforms, holds := c.when(p, n.get("when"))
			if f.platforms = platforms; holds {
				list = append(list, f)
			}
		}
	}
	return list
}

func (c *chain) steps(r *recipe) []Step {
	var list []Step
	for _, p := range r.parts {
		for _, n := range p.root.get("run").list {
			s := Step{Network: "none", At: n.at}
			s.Name = c.checked(p, n.get("name").text)
			s.Sh = c.checked(p, n.get("sh").text)
			s.Args = c.all(p, n.get("args").list)
			if network := n.get("network"); network.given() {
				s.Network = c.checked(p, network.text)
			}
			if needs := n.get("needs"); needs.given() {
				s.Needs = append([]string{}, c.all(p, needs.list)...)
			}
			c.access(p, &s, n)
			platforms, holds := c.when(p, n.get("when"))
			if s.platforms = platforms; holds {
				list = append(list, s)
			}
		}
	}
	return list
}

// access fills in what a script is given and for how long it may run. Secrets
// and agents are of use to scripts that reach other hosts alone.
func (c *chain) access(p *part, s *Step, n node) {
	s.Secrets = c.all(p, n.get("secrets").list)
	s.SSH = c.checked(p, n.get("ssh").text) == "true"
	if timeout := c.checked(p, n.get("timeout").text); timeout != "" {
		s.Timeout, _ = time.ParseDuration(timeout) // its rule allows nothing that cannot be read
	}
	if s.Network == "none" && (len(s.Secrets) > 0 || s.SSH) {
		c.mistake(p, s.At, "step %q has secrets or ssh without a network: write network: host", s.Name)
	}
}

// image adds a recipe's image configuration to the one below it.
func (c *chain) image(to *Image, r *recipe) {
	for _, p := range r.parts {
		from := p.root.get("image")
		if n := from.get("entrypoint"); n.given() {
			to.Entrypoint = c.all(p, n.list)
		}
		if n := from.get("cmd"); n.given() {
			to.Cmd = c.all(p, n.list)
		}
		to.Env = c.merged(p, to.Env, from.get("env").pairs)
		to.Labels = c.merged(p, to.Labels, from.get("labels").pairs)
		to.Expose = union(to.Expose, withProtocol(c.all(p, from.get("expose").list)))
		to.Volumes = union(to.Volumes, c.all(p, from.get("volumes").list))
		for key, one := range map[string]*string{"user": &to.User, "workdir": &to.Workdir, "stop_signal": &to.StopSignal} {
			if n := from.get(key); n.given() {
				*one = c.checked(p, n.text)
			}
		}
	}
}
