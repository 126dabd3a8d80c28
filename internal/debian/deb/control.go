package deb

import (
	"archive/tar"
	"fmt"
	"io"
	"strings"
)

// readControl reads the control archive: plain files in one folder.
func readControl(m member) (map[string]Member, error) {
	r, err := unpack(m, MaxControl)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	control := map[string]Member{}
	entries := NewEntries(r)
	for {
		h, err := entries.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		switch {
		case h.Typeflag == tar.TypeDir && h.Name == ".":
		case h.Typeflag != tar.TypeReg || !memberName(h.Name):
			return nil, fmt.Errorf("entry %q: not a control member", h.Name)
		case h.Name == "list":
			return nil, fmt.Errorf("entry %q: not a control member, but the name of dpkg's own list of files", h.Name)
		default:
			data, err := io.ReadAll(entries)
			if err != nil {
				return nil, fmt.Errorf("entry %q: %w", h.Name, err)
			}
			control[h.Name] = Member{h.Mode & 0o777, data}
		}
	}
	if len(control["control"].Data) == 0 {
		return nil, fmt.Errorf("no member control")
	}
	return control, nil
}

// memberName tells whether a control member may be called so: it becomes a
// part of the name of a file of dpkg's database.
func memberName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		lower := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		return !lower && c != '-' && c != '_'
	})
}
