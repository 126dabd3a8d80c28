package cluster

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// Volume is a folder of the host that server, frontend and nodes see.
type Volume struct {
	Host      string // absolute path on the host
	Container string // absolute path in the containers
	ReadOnly  bool

	// Filled is for a volume of the engine: a new one begins with what the image has
	// under the path.
	Filled bool `json:",omitempty"`
}

// ParseVolume reads HOST:CONTAINER[:ro|:rw], docker's own form. A relative host
// path is taken from the folder cwd. That the path exists is not looked at here.
func ParseVolume(text, cwd string) (Volume, error) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" {
		return Volume{}, fmt.Errorf("reading volume %q: want HOST:CONTAINER[:ro|rw]", text)
	}
	v := Volume{Host: parts[0], Container: path.Clean(parts[1])}
	if !filepath.IsAbs(v.Host) {
		v.Host = filepath.Join(cwd, v.Host)
	}
	v.Host = filepath.Clean(v.Host)
	if !path.IsAbs(v.Container) || v.Container == "/" {
		return Volume{}, fmt.Errorf("reading volume %q: the container path %q is not absolute, or is the root", text, parts[1])
	}
	if len(parts) == 3 {
		switch parts[2] {
		case "ro":
			v.ReadOnly = true
		case "rw":
		default:
			return Volume{}, fmt.Errorf("reading volume %q: unknown mode %q, want ro or rw", text, parts[2])
		}
	}
	return v, nil
}

// String is the form that ParseVolume reads and the engine takes.
func (v Volume) String() string {
	if v.ReadOnly {
		return v.Host + ":" + v.Container + ":ro"
	}
	return v.Host + ":" + v.Container
}
