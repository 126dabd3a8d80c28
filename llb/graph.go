package llb

import (
	"fmt"
	"strings"

	bk "github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
)

// Graph is what BuildKit needs to make one image for one platform.
type Graph struct {
	// Title is for people: "node for linux/amd64".
	Title string
	// Definition is the graph to solve.
	Definition *bk.Definition
	// Config is the image's configuration as JSON, for the exporter, which adds
	// the root file system.
	Config []byte
	// Annotations are those of the image's manifest.
	Annotations map[string]string
	// HostNetwork says that a step needs the entitlement network.host.
	HostNetwork bool
}

// Digest names the graph by what it does: names, places in recipes and other
// things told to users change nothing.
func (g *Graph) Digest() digest.Digest {
	return digest.FromBytes(g.Definition.Def[len(g.Definition.Def)-1])
}

// vertex is one operation of a graph.
type vertex struct {
	digest digest.Digest
	op     *pb.Op
	name   string
	inputs []int
}

// vertices lists the operations, inputs before those that use them. The last
// entry of a definition only points at the result, and is left out.
func (g *Graph) vertices() ([]vertex, error) {
	number := map[string]int{}
	var list []vertex
	for i, data := range g.Definition.Def[:len(g.Definition.Def)-1] {
		op := &pb.Op{}
		if err := op.UnmarshalVT(data); err != nil {
			return nil, fmt.Errorf("reading vertex %d of a graph: %w", i, err)
		}
		v := vertex{digest: digest.FromBytes(data), op: op}
		v.name = g.Definition.Metadata[v.digest].Description["llb.customname"]
		for _, in := range op.Inputs {
			v.inputs = append(v.inputs, number[in.Digest])
		}
		number[v.digest.String()] = i + 1
		list = append(list, v)
	}
	return list, nil
}

// Text returns the graph for people: one vertex a line, with its number, its
// inputs, what it does and its name.
func (g *Graph) Text() (string, error) {
	list, err := g.vertices()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for i, v := range list {
		fmt.Fprintf(&out, "#%d %s", i+1, v.what())
		fmt.Fprintf(&out, "  %s", v.name)
		if place := g.place(v.digest); place != "" {
			fmt.Fprintf(&out, "  (%s)", place)
		}
		out.WriteString("\n")
	}
	return out.String(), nil
}

// place tells the place in a recipe that a vertex is from, as FILE:LINE, if any.
func (g *Graph) place(d digest.Digest) string {
	locations := g.Definition.Source.GetLocations()[d.String()].GetLocations()
	if len(locations) == 0 || len(locations[0].Ranges) == 0 {
		return ""
	}
	file := g.Definition.Source.Infos[locations[0].SourceIndex].Filename
	return fmt.Sprintf("%s:%d", file, locations[0].Ranges[0].Start.Line)
}

// what tells the operation of a vertex.
func (v vertex) what() string {
	switch op := v.op.Op.(type) {
	case *pb.Op_Source:
		if image, ok := strings.CutPrefix(op.Source.Identifier, "docker-image://"); ok {
			return "image " + shorten(image)
		}
		return "layer " + shorten(op.Source.Identifier)
	case *pb.Op_Merge:
		return "merge" + numbers(v.inputs)
	case *pb.Op_Exec:
		return v.exec(op.Exec)
	case *pb.Op_File:
		return "files" + numbers(v.inputs) + files(op.File)
	case *pb.Op_Diff:
		return "diff" + numbers(v.inputs)
	}
	return fmt.Sprintf("%T", v.op.Op)
}

// exec tells a step: its file system, what else is mounted, its network and
// environment. The search path is the same everywhere, and left out.
func (v vertex) exec(op *pb.ExecOp) string {
	text := "exec"
	for _, m := range op.Mounts {
		switch {
		case m.SecretOpt != nil:
			text += " secret=" + m.SecretOpt.ID
		case m.SSHOpt != nil:
			text += " ssh"
		case m.Dest == "/":
			text += fmt.Sprintf(" #%d", v.inputs[m.Input])
		default:
			text += fmt.Sprintf(" %s=#%d", m.Dest, v.inputs[m.Input])
		}
	}
	text += " network=" + strings.ToLower(op.Network.String())
	for _, env := range op.Meta.Env {
		if !strings.HasPrefix(env, "PATH=") {
			text += fmt.Sprintf(" %q", env)
		}
	}
	script, args := Script(op)
	if script == configureScript {
		return text + " configure.sh"
	}
	text += fmt.Sprintf(" %q", begin(script))
	for _, arg := range args {
		text += fmt.Sprintf(" %q", arg)
	}
	return text
}

// begin cuts a script after its first line, or sixty characters of it.
func begin(script string) string {
	line, rest, _ := strings.Cut(script, "\n")
	if runes := []rune(line); len(runes) > 60 {
		line, rest = string(runes[:60]), "more"
	}
	if rest == "" {
		return line
	}
	return line + " …"
}

// files tells the names of the files that are made; the second of two inputs is
// copied over the first.
func files(op *pb.FileOp) string {
	text := ""
	for _, action := range op.Actions {
		if made := action.GetMkfile(); made != nil {
			text += " " + made.Path
		}
	}
	return text
}

func numbers(inputs []int) string {
	text := ""
	for _, in := range inputs {
		text += fmt.Sprintf(" #%d", in)
	}
	return text
}

// shorten cuts a reference's digest to twelve digits.
func shorten(identifier string) string {
	identifier = strings.TrimPrefix(identifier, "oci-layout://")
	if i := strings.LastIndex(identifier, ":"); i >= 0 && len(identifier) > i+13 {
		return identifier[:i+13]
	}
	return identifier
}
