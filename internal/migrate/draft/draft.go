// Package draft is a recipe in the making: what an importer carries over from
// another tool's files, and what it does not and why.
//
// A draft takes things in the order of the other tool, where files, packages
// and commands interleave, and lays them out as recipes have them: packages,
// then files, then steps. A file that comes after a command which may have
// touched its place stays behind that command, in a step of its own.
//
// The package is pure: no files, network, clock or environment.
package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/recipes"
)

// Draft is a recipe in the making.
type Draft struct {
	// Name is the image's name, Source the file that the draft is made from.
	Name, Source string
	// Parent is the recipe that this one comes from; "" is Debian's Suite.
	Parent, Suite string
	Image         recipes.Image

	packages []asked
	trees    []*tree
	steps    []step
	carried  []Remark
	left     []Remark
	staged   int
	// set is where each variable of the shell gets its value.
	set map[string]string
}

// Remark says what became of one thing. From is its place in the other tool's
// files.
type Remark struct{ From, What, How string }

// asked is a package that something asked for.
type asked struct{ name, from string }

// step is a command that runs in the image.
type step struct {
	name, sh, from string
	online         bool
}

// Carry records that something is in the recipe, in another form.
func (d *Draft) Carry(from, what, how string, args ...any) {
	d.carried = append(d.carried, Remark{from, what, fmt.Sprintf(how, args...)})
}

// Leave records that something is not in the recipe. The same is told once,
// with its first place.
func (d *Draft) Leave(from, what, why string, args ...any) {
	r := Remark{from, what, fmt.Sprintf(why, args...)}
	if !slices.ContainsFunc(d.left, func(o Remark) bool { return o.What == r.What && o.How == r.How }) {
		d.left = append(d.left, r)
	}
}

// Left lists what is not in the recipe.
func (d *Draft) Left() []Remark { return d.left }

// Carried lists what is in the recipe, in another form.
func (d *Draft) Carried() []Remark { return d.carried }

// Install asks for packages. Kernels and boot loaders are left out.
func (d *Draft) Install(from string, names ...string) {
	for _, name := range names {
		if bare, version, pinned := strings.Cut(name, "="); pinned {
			d.Leave(from, "version "+version+" of "+bare, "the archive's own version is installed; a lock keeps it")
			name = bare
		}
		name, _, _ = strings.Cut(name, "/")
		name, _, _ = strings.Cut(name, ":")
		if bootRule.MatchString(name) {
			d.Leave(from, "package "+name, "a container has no kernel and no boot loader of its own")
			continue
		}
		if !slices.ContainsFunc(d.packages, func(a asked) bool { return a.name == name }) {
			d.packages = append(d.packages, asked{name, from})
		}
	}
}

// Run takes a script: what apt-get installs in it becomes packages, apt's
// housekeeping goes away, and the rest is a step.
func (d *Draft) Run(from, name, script string) {
	found, err := examine(script)
	if err != nil {
		d.Leave(from, name, "not a shell script: %v", err)
		return
	}
	if len(found.packages) > 0 {
		d.Install(from, found.packages...)
		d.Carry(from, name, "packages: %s", strings.Join(found.packages, " "))
	}
	for _, out := range found.dropped {
		d.Leave(from, out.what, "%s", out.why)
	}
	d.share(from, name, found)
	if found.script == "" {
		return
	}
	if len(found.online) > 0 {
		d.Carry(from, name, "network: host, for it calls %s: what that brings is in no lock", strings.Join(found.online, ", "))
	}
	if strings.Contains(found.script, "chpasswd") {
		d.Carry(from, name, "a password is in the image, with a salt that differs in every build: openssl passwd -salt keeps it")
	}
	d.steps = append(d.steps, step{d.unused(name), found.script, from, len(found.online) > 0})
}

// share tells about variables that a script has from one before it.
func (d *Draft) share(from, name string, found findings) {
	for _, v := range found.uses {
		if before, ok := d.set[v]; ok {
			d.Leave(from, name+": $"+v, "%s sets it, and steps do not share variables: set it in this step", before)
		}
	}
	if d.set == nil {
		d.set = map[string]string{}
	}
	for _, v := range found.sets {
		d.set[v] = from
	}
}

// unused returns a step's name that no step has.
func (d *Draft) unused(name string) string {
	name = strings.Join(strings.Fields(name), " ")
	for n := 2; ; n++ {
		try := name
		if n > 2 {
			try = fmt.Sprintf("%s (%d)", name, n-1)
		}
		if !slices.ContainsFunc(d.steps, func(s step) bool { return s.name == try }) {
			return try
		}
	}
}
