package recipes

import "time"

// itself is how modes name what a files entry comes from.
const itself = "."

func (c *chain) packages(r *recipe) []Package {
	var list []Package
	seen := map[string]int{}
	for _, p := range r.packages {
		name := c.required(r, p.name, p.at, "packages", "name", "package", packageRule, packageText)
		platforms, holds := c.when(r, p.when)
		if !holds {
			continue
		}
		if line, twice := seen[name]; twice && name != "" && platforms == nil {
			c.mistake(r, p.name.at, "package %q is listed twice, first on line %d", name, line)
			continue
		}
		seen[name] = p.at.Line
		list = append(list, Package{Name: name, At: p.at, platforms: platforms})
	}
	return list
}

func (c *chain) files(r *recipe) []Files {
	var list []Files
	for _, f := range r.files {
		tree := Files{Near: r.near, At: f.at, Mode: map[string]uint32{}}
		tree.From = c.required(r, f.from, f.at, "files", "from", "from", fromRule, fromRuleText)
		tree.To = c.required(r, f.to, f.at, "files", "to", "to", absoluteRule, absoluteText)
		for _, p := range f.mode {
			file := c.checked(r, p.key, "path", modePathRule, treeText)
			tree.Mode[file] = octal(c.checked(r, p.value, "mode", modeRule, modeText))
		}
		tree.Owner = c.owner(r, f.owner)
		platforms, holds := c.when(r, f.when)
		if tree.platforms = platforms; holds {
			list = append(list, tree)
		}
	}
	return list
}

func (c *chain) steps(r *recipe) []Step {
	var list []Step
	for _, s := range r.run {
		step := Step{Network: "none", At: s.at}
		step.Name = c.required(r, s.name, s.at, "run", "name", "name", lineRule, lineText)
		step.Sh, _ = c.replace(r.text, s.sh, true)
		if s.sh == (text{}) || step.Sh == "" && !s.sh.bad {
			c.mistake(r, s.at, "sh is missing in run")
		}
		if s.network != (text{}) {
			step.Network = c.checked(r, s.network, "network", networkRule, networkText)
		}
		c.access(r, &step, s)
		platforms, holds := c.when(r, s.when)
		if step.platforms = platforms; holds {
			list = append(list, step)
		}
	}
	return list
}

// access fills in what a script is given and for how long it may run. Secrets
// and agents are of use to scripts that reach other hosts alone.
func (c *chain) access(r *recipe, step *Step, s script) {
	step.Args = c.all(r, s.args, "argument", anyRule, "")
	step.Secrets = c.all(r, s.secrets, "secret", secretRule, secretText)
	if s.ssh != (text{}) {
		step.SSH = c.checked(r, s.ssh, "ssh", boolRule, boolText) == "true"
	}
	if s.timeout != (text{}) {
		timeout := c.checked(r, s.timeout, "timeout", timeoutRule, timeoutText)
		step.Timeout, _ = time.ParseDuration(timeout) // the rule allows what it can read, and refused is ""
	}
	if step.Network == "none" && (len(s.secrets) > 0 || step.SSH) {
		c.mistake(r, s.at, "step %q has secrets or ssh without a network: write network: host", step.Name)
	}
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
