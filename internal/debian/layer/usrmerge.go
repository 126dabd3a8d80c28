package layer

import (
	"archive/tar"
	"context"
	"slices"
)

// mergeUsr writes the links of the merged /usr when base-files does not bring
// them: before trixie the tool that bootstraps a system makes them.
func (l *layer) mergeUsr(ctx context.Context, packages []*contents) error {
	if len(packages) == 0 || rank(packages[0]) != 0 {
		return nil
	}
	base, err := (&Catalog{}).load(ctx, []Deb{packages[0].deb}, true)
	if err != nil || bringsMerged(base[0]) {
		return err
	}
	for _, name := range mergedFolders(l.spec.Arch) {
		n, err := l.tree.placeMerged(name)
		if err != nil {
			return err
		}
		if err := l.folder("usr/" + name); err != nil {
			return err
		}
		n.written = true
		err = l.header(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: "usr/" + name, Mode: 0o777})
		if err != nil {
			return err
		}
	}
	return nil
}

// addMerged puts into the tree the links that mergeUsr wrote beneath.
func (t *tree) addMerged(below []*contents, arch string) error {
	if len(below) == 0 || rank(below[0]) != 0 || bringsMerged(below[0]) {
		return nil
	}
	for _, name := range mergedFolders(arch) {
		if _, err := t.placeMerged(name); err != nil {
			return err
		}
	}
	return nil
}

// placeMerged puts a folder of the root into the tree as a link into /usr.
func (t *tree) placeMerged(name string) (*node, error) {
	target := entry{"usr/" + name, tar.TypeDir, "", attributes{mode: 0o755}}
	if _, _, err := t.place(target, ""); err != nil {
		return nil, err
	}
	n, _, err := t.place(entry{name, tar.TypeSymlink, "usr/" + name, attributes{mode: 0o777}}, "")
	return n, err
}

// bringsMerged tells whether a base-files has the links itself.
func bringsMerged(base *contents) bool {
	return slices.ContainsFunc(base.paths, func(e entry) bool { return e.name == "bin" && e.kind == tar.TypeSymlink })
}

// mergedFolders returns the folders of the root that are links into /usr on an
// architecture, as debootstrap's setup_merged_usr has them for bookworm.
func mergedFolders(arch string) []string {
	folders := []string{"bin", "sbin", "lib"}
	switch arch {
	case "amd64":
		folders = append(folders, "lib32", "lib64", "libx32")
	case "i386":
		folders = append(folders, "lib64", "libx32")
	case "ppc64", "ppc64el", "s390x", "loong64":
		folders = append(folders, "lib64")
	}
	return folders
}
