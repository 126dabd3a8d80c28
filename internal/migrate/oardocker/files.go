package oardocker

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/oarcluster/oarcluster/internal/migrate/draft"
)

// run is a command that runs in the image.
func (i *image) run(c *instructions.RunCommand, at string) {
	script := strings.Join(c.CmdLine, " ")
	if !c.PrependShell {
		var words []string
		for _, w := range c.CmdLine {
			words = append(words, "'"+strings.ReplaceAll(w, "'", `'\''`)+"'")
		}
		script = strings.Join(words, " ")
	}
	for _, f := range c.Files {
		if script == "<<"+f.Name || script == "<<-"+f.Name {
			script = f.Data
			continue
		}
		script += "\n" + f.Data + f.Name
	}
	if len(c.FlagsUsed) > 0 {
		i.draft.Leave(at, "RUN --"+strings.Join(c.FlagsUsed, " --"), "steps have no mounts; network: and secrets: are keys of a step")
	}
	name := shorten(script)
	if i.workdir != "" {
		script = "cd '" + i.workdir + "'\n" + script
	}
	if i.user != "" && i.user != "root" && i.user != "0" {
		i.draft.Leave(at, "RUN as "+i.user, "steps run as root: write su %s -c where it matters", i.user)
	}
	i.draft.Run(at, name, script)
}

// shorten makes a step's name of a script.
func shorten(script string) string {
	text := strings.Join(strings.Fields(script), " ")
	if r := []rune(text); len(r) > 60 {
		text = string(r[:59]) + "…"
	}
	return "RUN " + text
}

// add carries files of the context into the image.
func (i *image) add(at, verb string, c instructions.SourcesAndDest, chown, chmod string) error {
	to := c.DestPath
	if !path.IsAbs(to) {
		to = path.Join("/", i.workdir, to) + strings.Repeat("/", strings.Count(to[max(0, len(to)-1):], "/"))
	}
	name := verb + " " + strings.Join(c.SourcePaths, " ") + " " + c.DestPath
	files := map[string]draft.File{}
	for _, inline := range c.SourceContents {
		place := path.Clean(to)
		if strings.HasSuffix(to, "/") {
			place = path.Join(to, path.Base(inline.Path))
		}
		files[place] = draft.File{Data: []byte(inline.Data)}
	}
	for _, source := range c.SourcePaths {
		if strings.Contains(source, "://") {
			i.draft.Leave(at, name, "files come from beside the recipe; fetch it in a step with network: host, or put it there")
			return nil
		}
		found, err := i.matching(source, to, len(c.SourcePaths) > 1)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", at, name, err)
		}
		if len(found) == 0 {
			return fmt.Errorf("%s: %s: there is no %s in the image's folder", at, name, source)
		}
		maps.Copy(files, found)
	}
	if mode, err := strconv.ParseUint(chmod, 8, 32); err == nil {
		for p, f := range files {
			files[p] = draft.File{Data: f.Data, Mode: uint32(mode)}
		}
	} else if chmod != "" {
		i.draft.Leave(at, name+" --chmod="+chmod, "modes are octal")
	}
	if slices.ContainsFunc(c.SourcePaths, archive) && verb == "ADD" {
		i.draft.Leave(at, name, "ADD unpacks archives and files: does not: it is copied as it is")
	}
	i.draft.Write(at, name, chown, files)
	return nil
}

// archive reports whether ADD would unpack a file of this name.
func archive(name string) bool {
	return strings.HasSuffix(name, ".tar") || strings.Contains(name, ".tar.") || strings.HasSuffix(name, ".tgz")
}

// matching finds the files that a source names, by their place in the image. A
// folder's content goes to the destination, a file into it when it ends in /.
func (i *image) matching(source, to string, many bool) (map[string]draft.File, error) {
	pattern := path.Join("/", source)[1:]
	files := map[string]draft.File{}
	for name, at := range i.context {
		place := ""
		switch below, ok := strings.CutPrefix(name, pattern+"/"); {
		case pattern == "":
			place = path.Join(to, name)
		case ok:
			place = path.Join(to, below)
		case matches(pattern, name) && (many || strings.HasSuffix(to, "/") || pattern != name):
			place = path.Join(to, path.Base(name))
		case pattern == name:
			place = path.Clean(to)
		default:
			continue
		}
		file, err := i.file(at)
		if err != nil {
			return nil, err
		}
		files[place] = file
	}
	return files, nil
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

// file reads a file of the context.
func (i *image) file(name string) (draft.File, error) {
	info, err := fs.Stat(i.fsys, name)
	switch {
	case err != nil:
		return draft.File{}, reason(err)
	case !info.Mode().IsRegular() || info.Size() > maxFile:
		return draft.File{}, fmt.Errorf("%s is no file of at most %d MB", name, maxFile>>20)
	}
	data, err := fs.ReadFile(i.fsys, name)
	f := draft.File{Data: data}
	if info.Mode()&0o111 != 0 {
		f.Mode = 0o755
	}
	return f, err
}
