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
		for _, n := range p.root.Get("packages").List {
			name := n
			if n.Keys != nil {
				name = n.Get("name")
			}
			one := Package{Name: c.checked(p, name.Text), At: n.At}
			platforms, holds := c.when(p, n.Get("when"))
			if one.platforms = platforms; !holds {
				continue
			}
			if line, twice := seen[one.Name]; twice && one.Name != "" && platforms == nil {
				c.mistake(p, name.At, "package %q is listed twice, first on line %d", one.Name, line)
				continue
			}
			seen[one.Name] = n.At.Line
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
		for _, n := range p.root.Get("files").List {
			f := Files{Near: p.near, At: n.At, Mode: map[string]uint32{}, vars: c.values}
			f.From = c.checked(p, n.Get("from").Text)
			f.To = c.checked(p, n.Get("to").Text)
			mode := n.Get("mode")
			for _, one := range mode.Pairs {
				f.Mode[c.checked(p, one.Key)] = octal(c.checked(p, one.Value.Text))
			}
			if mode.Rule != nil {
				f.Mode[itself] = octal(c.checked(p, mode.Text))
			}
			f.Owner = c.owner(p, n.Get("owner").Text)
			f.Template = c.all(p, n.Get("template").Entries())
			platforms, holds := c.when(p, n.Get("when"))
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
		for _, n := range p.root.Get("run").List {
			s := Step{Network: "none", At: n.At}
			s.Name = c.checked(p, n.Get("name").Text)
			s.Sh = c.checked(p, n.Get("sh").Text)
			s.Args = c.all(p, n.Get("args").List)
			if network := n.Get("network"); network.Given() {
				s.Network = c.checked(p, network.Text)
			}
			if needs := n.Get("needs"); needs.Given() {
				s.Needs = append([]string{}, c.all(p, needs.List)...)
			}
			c.access(p, &s, n)
			platforms, holds := c.when(p, n.Get("when"))
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
	s.Secrets = c.all(p, n.Get("secrets").List)
	s.SSH = c.checked(p, n.Get("ssh").Text) == "true"
	if timeout := c.checked(p, n.Get("timeout").Text); timeout != "" {
		s.Timeout, _ = time.ParseDuration(timeout) // its rule allows nothing that cannot be read
	}
	if s.Network == "none" && (len(s.Secrets) > 0 || s.SSH) {
		c.mistake(p, s.At, "step %q has secrets or ssh without a network: write network: host", s.Name)
	}
}

// image adds a recipe's image configuration to the one below it.
func (c *chain) image(to *Image, r *recipe) {
	for _, p := range r.parts {
		from := p.root.Get("image")
		if n := from.Get("entrypoint"); n.Given() {
			to.Entrypoint = c.all(p, n.List)
		}
		if n := from.Get("cmd"); n.Given() {
			to.Cmd = c.all(p, n.List)
		}
		to.Env = c.merged(p, to.Env, from.Get("env").Pairs)
		to.Labels = c.merged(p, to.Labels, from.Get("labels").Pairs)
		to.Expose = union(to.Expose, withProtocol(c.all(p, from.Get("expose").List)))
		to.Volumes = union(to.Volumes, c.all(p, from.Get("volumes").List))
		for key, one := range map[string]*string{"user": &to.User, "workdir": &to.Workdir, "stop_signal": &to.StopSignal} {
			if n := from.Get(key); n.Given() {
				*one = c.checked(p, n.Text)
			}
		}
	}
}
