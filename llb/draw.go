package llb

import (
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"
)

// Drawing shows graphs as one: a vertex that several have in common is there
// once, as it is in BuildKit.
type Drawing struct {
	// Images names the vertex that makes each image.
	Images []DrawnImage `json:"images"`
	// Vertices has the inputs of a vertex before it.
	Vertices []Vertex `json:"vertices"`
}

// DrawnImage is an image for a platform, and the vertex that makes it.
type DrawnImage struct {
	Title  string        `json:"title"`
	Result digest.Digest `json:"result"`
}

// Vertex is an operation of a graph.
type Vertex struct {
	Digest digest.Digest   `json:"digest"`
	Op     string          `json:"op"` // source, file, merge, diff or exec
	Name   string          `json:"name"`
	Step   string          `json:"step,omitempty"`   // as [Steps] names it
	Recipe string          `json:"recipe,omitempty"` // FILE:LINE
	Inputs []digest.Digest `json:"inputs"`
}

// Draw lays graphs over each other.
func Draw(graphs ...*Graph) (*Drawing, error) {
	d := &Drawing{Images: []DrawnImage{}, Vertices: []Vertex{}}
	seen := map[digest.Digest]bool{}
	for _, g := range graphs {
		list, err := g.vertices()
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			if seen[v.digest] {
				continue
			}
			seen[v.digest] = true
			one := Vertex{Digest: v.digest, Op: v.kind(), Name: v.name, Step: g.Step(v.digest), Recipe: g.place(v.digest), Inputs: []digest.Digest{}}
			for _, in := range v.inputs {
				one.Inputs = append(one.Inputs, list[in-1].digest)
			}
			d.Vertices = append(d.Vertices, one)
		}
		d.Images = append(d.Images, DrawnImage{g.Title, list[len(list)-1].digest})
	}
	return d, nil
}

// What stands for the characters that mean something within double quotes.
var (
	dotEscapes     = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	mermaidEscapes = strings.NewReplacer(`#`, "#35;", `\`, "#92;", `"`, "#quot;", `<`, "#lt;", `>`, "#gt;")
)

// Dot returns the drawing in the language of Graphviz.
func (d *Drawing) Dot() string {
	node := func(label, style string) string {
		return fmt.Sprintf(` [label="%s"%s]`, dotEscapes.Replace(label), style)
	}
	body := d.write("\t%s -> %s\n", func(v Vertex) string {
		if v.Op == "exec" {
			return node(v.Name, " style=rounded")
		}
		return node(v.Name, "")
	}, func(title string) string { return node(title, " shape=ellipse") })
	return "digraph oarbuild {\n\trankdir=BT\n\tnode [shape=box]\n" + body + "}\n"
}

// Mermaid returns the drawing as a flowchart of Mermaid, which pages of Markdown
// show when it is in a fence of that name.
func (d *Drawing) Mermaid() string {
	return "flowchart BT\n" + d.write("\t%s --> %s\n", func(v Vertex) string {
		if v.Op == "exec" {
			return `("` + mermaidEscapes.Replace(v.Name) + `")`
		}
		return `["` + mermaidEscapes.Replace(v.Name) + `"]`
	}, func(title string) string { return `(["` + mermaidEscapes.Replace(title) + `"])` })
}

// write lists vertices, images and edges: what both languages have.
func (d *Drawing) write(edge string, vertex func(Vertex) string, image func(string) string) string {
	var out strings.Builder
	names := map[digest.Digest]string{}
	for i, v := range d.Vertices {
		names[v.Digest] = fmt.Sprintf("v%d", i+1)
		fmt.Fprintf(&out, "\t%s%s\n", names[v.Digest], vertex(v))
		for _, in := range v.Inputs {
			fmt.Fprintf(&out, edge, names[in], names[v.Digest])
		}
	}
	for i, one := range d.Images {
		name := fmt.Sprintf("image%d", i+1)
		fmt.Fprintf(&out, "\t%s%s\n", name, image(one.Title))
		fmt.Fprintf(&out, edge, names[one.Result], name)
	}
	return out.String()
}

// kind is the operation of a vertex in one word.
func (v vertex) kind() string {
	switch {
	case v.op.GetSource() != nil:
		return "source"
	case v.op.GetMerge() != nil:
		return "merge"
	case v.op.GetDiff() != nil:
		return "diff"
	case v.op.GetExec() != nil:
		return "exec"
	case v.op.GetFile() != nil:
		return "file"
	}
	return fmt.Sprintf("%T", v.op.Op)
}
