package recipes

func (c *chain) packages(r *recipe) []Package {
	var list []Package
	seen := map[string]int{}
	for _, t := range r.packages {
		name := c.checked(r, t, "package", packageRule, packageText)
		if line, twice := seen[name]; twice && name != "" {
			c.mistake(r, t.at, "package %q is listed twice, first on line %d", name, line)
			continue
		}
		seen[name] = t.at.Line
		list = append(list, Package{Name: name, At: t.at})
	}
	return list
}

func (c *chain) files(r *recipe) []Files {
	var list []Files
	for _, f := range r.files {
		tree := Files{Near: r.near, At: f.at, Mode: map[string]uint32{}}
		tree.From = c.required(r, f.from, f.at, "files", "from", treeRule, treeText)
		tree.To = c.required(r, f.to, f.at, "files", "to", absoluteRule, absoluteText)
		for _, p := range f.mode {
			file := c.checked(r, p.key, "path", treeRule, treeText)
			tree.Mode[file] = octal(c.checked(r, p.value, "mode", modeRule, modeText))
		}
		list = append(list, tree)
	}
	return list
}

func (c *chain) steps(r *recipe) []Step {
	var list []Step
	for _, s := range r.run {
		step := Step{Network: "none", At: s.at}
		step.Name = c.required(r, s.name, s.at, "run", "name", lineRule, lineText)
		step.Sh, _ = c.replace(r.text, s.sh, true)
		if s.sh == (text{}) || step.Sh == "" && !s.sh.bad {
			c.mistake(r, s.at, "sh is missing in run")
		}
		if s.network != (text{}) {
			step.Network = c.checked(r, s.network, "network", networkRule, networkText)
		}
		list = append(list, step)
	}
	return list
}

// image adds a recipe's image configuration to the one below it.
func (c *chain) image(to *Image, r *recipe) {
	from := r.image
	if from.entrypoint != nil {
		to.Entrypoint = c.all(r, from.entrypoint, "entrypoint", anyRule, "")
	}
	if from.cmd != nil {
		to.Cmd = c.all(r, from.cmd, "cmd", anyRule, "")
	}
	to.Env = c.merged(r, to.Env, from.env, "env", envRule, envText)
	to.Labels = c.merged(r, to.Labels, from.labels, "label", lineRule, lineText)
	to.Expose = union(to.Expose, withProtocol(c.all(r, from.expose, "port", portRule, portText)))
	to.Volumes = union(to.Volumes, c.all(r, from.volumes, "volume", absoluteRule, absoluteText))
	for _, one := range []struct {
		to   *string
		from text
		what string
		rule rule
		say  string
	}{
		{&to.User, from.user, "user", userRule, userText},
		{&to.Workdir, from.workdir, "workdir", absoluteRule, absoluteText},
		{&to.StopSignal, from.stopSignal, "stop_signal", signalRule, signalText},
	} {
		if one.from != (text{}) {
			*one.to = c.checked(r, one.from, one.what, one.rule, one.say)
		}
	}
}
