package output

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// The types of outputs, by the names that BuildKit's exporters have.
const (
	typeOCI    = "oci"
	typeDocker = "docker"
	typeTar    = "tar"
	typeLocal  = "local"
)

// stdout is the dest that means the standard output.
const stdout = "-"

// Spec is what --output asks for.
type Spec struct {
	Type   string // oci, docker, tar or local
	Dest   string // a file or folder, or "-"
	Folder bool   // the result is a folder, not an archive
}

// Parse reads the value of --output: type=TYPE,dest=FILE as buildx has it. Every
// error is one of usage.
func Parse(text string) (Spec, error) {
	s := Spec{Dest: stdout}
	fail := func(err error) (Spec, error) {
		return s, ui.Usage(fmt.Errorf("reading --output %q: %w", text, err),
			"write --output type=oci|docker|tar|local,dest=FILE, with tar=false for an OCI layout in a folder")
	}
	fields, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return fail(errors.New("it is no list of KEY=VALUE"))
	}
	archive := true
	for _, field := range fields {
		key, value, ok := strings.Cut(field, "=")
		switch {
		case !ok || value == "":
			return fail(fmt.Errorf("%q is not KEY=VALUE", field))
		case key == "type":
			s.Type = value
		case key == "dest":
			s.Dest = value
		case key == "tar":
			if archive, err = strconv.ParseBool(value); err != nil {
				return fail(fmt.Errorf("tar is true or false, not %q", value))
			}
		default:
			return fail(fmt.Errorf("there is no key %q", key))
		}
	}
	switch s.Type {
	case typeOCI, typeDocker, typeTar, typeLocal:
	case "image", "registry":
		return fail(errors.New("an image in a registry is what --push makes"))
	default:
		return fail(fmt.Errorf("there is no type %q", s.Type))
	}
	s.Folder = s.Type == typeLocal || s.Type == typeOCI && !archive
	switch {
	case !archive && s.Type != typeOCI:
		return fail(fmt.Errorf("tar=false is for type=oci, not for %s", s.Type))
	case s.Folder && s.Dest == stdout:
		return fail(errors.New("a folder needs a dest"))
	}
	return s, nil
}
