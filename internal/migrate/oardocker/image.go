package oardocker

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/oarcluster/oarcluster/internal/migrate/draft"
)

// image is one Dockerfile that is read.
type image struct {
	fsys     fs.FS
	context  overlay
	template string
	images   []string
	suite    func(string) bool

	draft *draft.Draft
	lex   *shell.Lex
	// args are the build's arguments; env has them and the image's environment.
	env           map[string]string
	user, workdir string
}

// searchPath is what images of Debian begin with.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// read drafts a recipe from a Dockerfile.
func (i *image) read(file, name string) (*draft.Draft, error) {
	data, err := text(i.fsys, file)
	if err != nil {
		return nil, err
	}
	tree, err := parser.Parse(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	stages, args, err := instructions.Parse(tree.AST, nil)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	if len(stages) == 0 {
		return nil, fmt.Errorf("reading %s: it has no FROM", file)
	}
	i.lex, i.env = shell.NewLex(tree.EscapeToken), map[string]string{"PATH": searchPath}
	i.draft = &draft.Draft{Name: name, Source: file}
	for _, a := range args {
		i.arguments(a)
	}
	if len(stages) > 1 {
		i.draft.Leave(file, "the stages before the last", "a recipe has one stage; build theirs as an image of its own")
	}
	last := stages[len(stages)-1]
	i.from(last, file)
	for _, command := range last.Commands {
		at := fmt.Sprintf("%s:%d", file, command.Location()[0].Start.Line)
		if err := i.expand(command, at); err != nil {
			return nil, err
		}
		if err := i.command(command, at); err != nil {
			return nil, err
		}
	}
	i.draft.Image.User, i.draft.Image.Workdir = i.user, i.workdir
	return i.draft, nil
}

// releases are Debian's, by their numbers.
var releases = map[string]string{"8": "jessie", "9": "stretch", "10": "buster", "11": "bullseye", "12": "bookworm", "13": "trixie"}

// debianRule matches images of Debian, and those that oar-docker makes of it.
var debianRule = regexp.MustCompile(`^(?:(?:docker\.io/)?(?:library/)?debian:([a-z]+|[0-9]+)(?:[.-].*)?|oardocker/debian([0-9]+)(?::.*)?)$`)

// from finds what the image comes from: another one of the template, or Debian.
func (i *image) from(stage instructions.Stage, file string) {
	base, _, err := i.lex.ProcessWord(stage.BaseName, i)
	if err != nil {
		base = stage.BaseName
	}
	at := fmt.Sprintf("%s:%d", file, stage.Location[0].Start.Line)
	for _, name := range i.images {
		if parent, _, _ := strings.Cut(base, ":"); parent == "oardocker/"+i.template+"-"+name {
			i.draft.Parent = i.template + "-" + name
			i.draft.Carry(at, "FROM "+base, "from: %s", i.draft.Parent)
			return
		}
	}
	if found := debianRule.FindStringSubmatch(base); found != nil {
		release := found[1] + found[2]
		if name, ok := releases[release]; ok {
			release = name
		}
		if i.suite(release) {
			i.draft.Suite = release
			i.draft.Carry(at, "FROM "+base, "from: {debian: ${suite}}")
		} else {
			i.draft.Leave(at, "FROM "+base, "images are not made from it: the program's default is taken")
		}
		if found[2] != "" {
			i.draft.Leave(at, "what is in "+base+" beside Debian", "oar-docker makes it by Kameleon: import that recipe, and name it in from:")
		}
		return
	}
	i.draft.Leave(at, "FROM "+base, "the bare Debian base is taken; from: {image: …@sha256:…} names another image")
}

// Get and Keys are the environment that words of a Dockerfile expand with.
func (i *image) Get(key string) (string, bool) { v, ok := i.env[key]; return v, ok }

// Keys lists the environment.
func (i *image) Keys() []string {
	var keys []string
	for k := range i.env {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// expand replaces variables in a command, as a build does.
func (i *image) expand(command instructions.Command, at string) error {
	e, ok := command.(instructions.SupportsSingleWordExpansion)
	if !ok {
		return nil
	}
	err := e.Expand(func(word string) (string, error) {
		result, _, err := i.lex.ProcessWord(word, i)
		return result, err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	return nil
}

func (i *image) arguments(command instructions.ArgCommand) {
	for _, a := range command.Args {
		if a.Value != nil {
			i.env[a.Key] = *a.Value
		}
	}
}

// command carries over one command.
func (i *image) command(command instructions.Command, at string) error {
	d := i.draft
	switch c := command.(type) {
	case *instructions.RunCommand:
		i.run(c, at)
	case *instructions.CopyCommand:
		if c.From != "" {
			d.Leave(at, "COPY --from="+c.From, "a recipe has one stage; use files:")
			return nil
		}
		return i.add(at, "COPY", c.SourcesAndDest, c.Chown, c.Chmod)
	case *instructions.AddCommand:
		return i.add(at, "ADD", c.SourcesAndDest, c.Chown, c.Chmod)
	case *instructions.EnvCommand:
		for _, e := range c.Env {
			i.env[e.Key] = e.Value
			set(&d.Image.Env, e.Key, e.Value)
		}
	case *instructions.ArgCommand:
		i.arguments(*c)
		d.Carry(at, "ARG", "its default is written in; vars: has what --set may change")
	case *instructions.LabelCommand:
		for _, l := range c.Labels {
			set(&d.Image.Labels, l.Key, l.Value)
		}
	case *instructions.MaintainerCommand:
		set(&d.Image.Labels, "org.opencontainers.image.authors", c.Maintainer)
	case *instructions.CmdCommand:
		d.Image.Cmd = argv(c.ShellDependantCmdLine)
	case *instructions.EntrypointCommand:
		d.Image.Entrypoint = argv(c.ShellDependantCmdLine)
	case *instructions.ExposeCommand:
		d.Image.Expose = append(d.Image.Expose, c.Ports...)
	case *instructions.VolumeCommand:
		d.Image.Volumes = append(d.Image.Volumes, c.Volumes...)
	case *instructions.StopSignalCommand:
		d.Image.StopSignal = c.Signal
	case *instructions.UserCommand:
		i.user = c.User
	case *instructions.WorkdirCommand:
		i.workdir = path.Join("/", i.workdir, c.Path)
		if path.IsAbs(c.Path) {
			i.workdir = path.Clean(c.Path)
		}
	default:
		d.Leave(at, command.Name(), "recipes have no such thing")
	}
	return nil
}

func set(pairs *map[string]string, key, value string) {
	if *pairs == nil {
		*pairs = map[string]string{}
	}
	(*pairs)[key] = value
}

// argv is a command line as the image's configuration has it.
func argv(line instructions.ShellDependantCmdLine) []string {
	if line.PrependShell {
		return append([]string{"/bin/sh", "-c"}, line.CmdLine...)
	}
	return line.CmdLine
}
