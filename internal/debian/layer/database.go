package layer

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

// Where things are in the layer.
const (
	adminDir    = "var/lib/dpkg"
	preinstFile = adminDir + "/oarbuild-preinst" // "file-name package architecture" a line, in order
	realDir     = "var/lib/oarbuild"             // .debs for the real dpkg

	passwdMaster = "usr/share/base-passwd/passwd.master"
	groupMaster  = "usr/share/base-passwd/group.master"
)

// writeDatabase writes what dpkg has to know of the packages.
func (l *layer) writeDatabase(below, added []*contents) error {
	unpacked := slices.DeleteFunc(slices.Clone(added), func(p *contents) bool { return slices.Contains(l.real, p) })
	steps := []func() error{
		func() error { return l.writeInfo(unpacked) },
		func() error { return l.writeStatus(unpacked) },
		func() error { return l.writeTriggers(below, unpacked) },
		func() error { return l.writePreinst(unpacked) },
		l.writeReal,
	}
	if len(l.spec.Below) == 0 {
		steps = append(steps, l.writeFirst)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// writeInfo writes info/: the list of paths and all control members but the
// stanza itself.
func (l *layer) writeInfo(packages []*contents) error {
	for _, p := range packages {
		name := path.Join(adminDir, "info", p.infoName())
		var list strings.Builder
		for _, e := range p.paths {
			list.WriteString("/" + e.name + "\n")
		}
		if err := l.file(name+".list", 0o644, []byte(list.String())); err != nil {
			return err
		}
		for _, member := range slices.Sorted(maps.Keys(p.control)) {
			if member == "control" {
				continue
			}
			if err := l.file(name+"."+member, p.control[member].Mode, p.control[member].Data); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeStatus writes the stanzas: as the whole status of a first layer, else as
// dpkg's journal, one file a package, whose names are numbers of equal length
// (lib/dpkg/dbmodify.c). The next dpkg that may write merges it, so that a layer
// does not depend on the status beneath.
func (l *layer) writeStatus(packages []*contents) error {
	var whole bytes.Buffer
	for i, p := range packages {
		stanza := l.stanza(p)
		if len(l.spec.Below) == 0 {
			whole.WriteString(stanza + "\n")
			continue
		}
		if err := l.file(fmt.Sprintf("%s/updates/%04d", adminDir, i), 0o644, []byte(stanza)); err != nil {
			return err
		}
	}
	if len(l.spec.Below) > 0 {
		return nil
	}
	return l.file(adminDir+"/status", 0o644, whole.Bytes())
}

// stanza is the entry of a package in dpkg's status. A configuration file has
// the sum that dpkg notes when it has been configured: without a .dpkg-new file
// beside it, dpkg leaves file and sum alone. One that is not in the package, or
// was left out, keeps dpkg's word for a file that it has not seen, and a flag
// such as remove-on-upgrade stands behind.
func (l *layer) stanza(p *contents) string {
	var s strings.Builder
	fmt.Fprintf(&s, "Package: %s\nStatus: install ok unpacked\n", p.field("Package"))
	for _, f := range p.stanza {
		if !strings.EqualFold(f.Name, "Package") {
			fmt.Fprintf(&s, "%s: %s\n", f.Name, f.Value)
		}
	}
	var conffiles strings.Builder
	for _, f := range p.conffiles {
		sum := cmp.Or(l.conffiles[p][f.name], "newconffile")
		conffiles.WriteString(strings.TrimRight(" "+f.name+" "+sum+" "+f.flag, " ") + "\n")
	}
	if conffiles.Len() > 0 {
		s.WriteString("Conffiles:\n" + conffiles.String())
	}
	return s.String()
}

// writeTriggers writes triggers/, whole, for the files are one for all packages.
func (l *layer) writeTriggers(below, added []*contents) error {
	t, err := findTriggers(below, added)
	if err != nil {
		return err
	}
	files := t.files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := l.file(path.Join(adminDir, "triggers", name), 0o644, []byte(files[name])); err != nil {
			return err
		}
	}
	return nil
}

// writePreinst writes the list of preinst scripts: what a package depends on
// before (Pre-Depends) comes first.
func (l *layer) writePreinst(packages []*contents) error {
	var list strings.Builder
	for _, p := range preDependsOrder(packages) {
		if _, has := p.control["preinst"]; has {
			fmt.Fprintf(&list, "%s %s %s\n", p.infoName(), p.field("Package"), p.field("Architecture"))
		}
	}
	if list.Len() == 0 {
		return nil
	}
	return l.file(preinstFile, 0o644, []byte(list.String()))
}

// preDependsOrder sorts packages so that what one pre-depends on stands before
// it, and by name as far as that leaves it open.
func preDependsOrder(packages []*contents) []*contents {
	names := map[string]*contents{}
	for _, p := range packages {
		names[p.deb.Package.Name] = p
	}
	var order []*contents
	done := map[*contents]bool{}
	var visit func(p *contents)
	visit = func(p *contents) {
		if p == nil || done[p] {
			return
		}
		done[p] = true
		for _, name := range relationNames(p.field("Pre-Depends")) {
			visit(names[name])
		}
		order = append(order, p)
	}
	for _, p := range packages {
		visit(p)
	}
	return order
}

// writeReal writes the .debs that the configure step gives to dpkg.
func (l *layer) writeReal() error {
	for _, p := range l.real {
		data, err := os.ReadFile(p.deb.Path)
		if err != nil {
			return err
		}
		if err := l.file(fmt.Sprintf("%s/%s.deb", realDir, p.deb.Package.Name), 0o644, data); err != nil {
			return err
		}
	}
	return nil
}

// writeFirst writes what the very first layer needs before anything can run in
// it: the users and groups of base-passwd, whose own scripts need them, and the
// version of the format of info/, which dpkg writes with its first package.
func (l *layer) writeFirst() error {
	if err := l.file(adminDir+"/info/format", 0o644, []byte("1\n")); err != nil {
		return err
	}
	for _, copied := range [][2]string{{"etc/passwd", passwdMaster}, {"etc/group", groupMaster}} {
		data := l.masters[copied[1]].Bytes()
		if len(data) == 0 {
			continue
		}
		if err := l.file(copied[0], 0o644, data); err != nil {
			return err
		}
	}
	return nil
}
