package layer

import (
	"archive/tar"
	"context"
)

// mergeUsr writes the links of the merged /usr when base-files does not bring
// them: before trixie the tool that bootstraps a system makes them.
func (l *layer) mergeUsr(ctx context.Context, packages []*contents) error {
	if len(packages) == 0 || packages[0].deb.Package.Name != "base-files" {
		return nil
	}
	base, err := (&Catalog{}).load(ctx, []Deb{packages[0].deb}, true)
	if err != nil {
		return err
	}
	for _, e := range base[0].paths {
		if e.name == "bin" && e.kind == tar.TypeSymlink {
			return nil
		}
	}
	for _, name := range mergedFolders(l.spec.Arch) {
		target := entry{"usr/" + name, tar.TypeDir, "", attributes{mode: 0o755}}
		link := entry{name, tar.TypeSymlink, "usr/" + name, attributes{mode: 0o777}}
		if _, _, err := l.tree.place(target, ""); err != nil {
			return err
		}
		if err := l.folder(target.name); err != nil {
			return err
		}
		n, _, err := l.tree.place(link, "")
		if err != nil {
			return err
		}
		n.written = true
		err = l.header(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: link.target, Mode: 0o777})
		if err != nil {
			return err
		}
	}
	return nil
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
