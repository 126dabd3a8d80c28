package llb

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/solver/pb"

	"github.com/oarcluster/oarcluster/recipes"
)

// steps answers the exec vertices of a graph by their names.
func steps(t *testing.T, g *Graph) map[string]*pb.ExecOp {
	t.Helper()
	found := map[string]*pb.ExecOp{}
	for _, v := range must(t, g) {
		if op := v.op.GetExec(); op != nil {
			found[v.name] = op
		}
	}
	return found
}

func TestStepsAreShutOffUnlessTheyAsk(t *testing.T) {
	t.Parallel()
	text := strings.Replace(small, "network: none", "network: host", 1)
	g := graph(t, input(load(t, map[string]string{"x.yaml": text}, "x.yaml"), "amd64"))
	want := map[string]pb.NetMode{
		"[debian linux/amd64] configure 70 packages": pb.NetMode_NONE,
		"[small linux/amd64] configure 72 packages":  pb.NetMode_NONE,
		"[small linux/amd64] run: first":             pb.NetMode_NONE,
		"[small linux/amd64] run: second":            pb.NetMode_HOST,
	}
	got := steps(t, g)
	if len(got) != len(want) {
		t.Errorf("got %d steps, want %d", len(got), len(want))
	}
	for name, network := range want {
		if op := got[name]; op.GetNetwork() != network || op.GetSecurity() != pb.SecurityMode_SANDBOX {
			t.Errorf("%s: got network %s and security %s, want %s", name, op.GetNetwork(), op.GetSecurity(), network)
		}
	}
	if !g.HostNetwork {
		t.Error("the graph does not say that it needs the host's network")
	}
	if graph(t, input(load(t, map[string]string{"x.yaml": small}, "x.yaml"), "amd64")).HostNetwork {
		t.Error("a graph without the host's network says that it needs it")
	}
}

func TestWhatStepsSee(t *testing.T) {
	t.Parallel()
	in := input(load(t, map[string]string{"x.yaml": small}, "x.yaml"), "amd64")
	got := steps(t, graph(t, in))
	for _, tc := range []struct{ step, mounts, env string }{
		{"[debian linux/amd64] configure 70 packages", "/ /run/eatmydata", "PACKAGES="},
		{"[small linux/amd64] configure 72 packages", "/ /run/below /run/eatmydata", "PACKAGES=tini vim"},
		{"[small linux/amd64] run: first", "/ /run/eatmydata /run/files", "A=b"},
		{"[small linux/amd64] run: second", "/ /run/eatmydata", "A=b"},
	} {
		op := got[tc.step]
		var mounts []string
		for _, m := range op.GetMounts() {
			mounts = append(mounts, m.Dest)
			if m.Readonly != (m.Dest != "/") {
				t.Errorf("%s: mount %s read-only is %v", tc.step, m.Dest, m.Readonly)
			}
		}
		if list := strings.Join(mounts, " "); list != tc.mounts {
			t.Errorf("%s: got mounts %s, want %s", tc.step, list, tc.mounts)
		}
		env := strings.Join(op.GetMeta().GetEnv(), "\n") + "\n"
		for _, want := range []string{tc.env, "PATH=" + searchPath, "DEBIAN_FRONTEND=noninteractive", "SOURCE_DATE_EPOCH=1700000000"} {
			if !strings.Contains(env, want+"\n") {
				t.Errorf("%s: no %s in\n%s", tc.step, want, env)
			}
		}
	}
	in.Eatmydata = Layer{}
	for name, op := range steps(t, graph(t, in)) {
		for _, m := range op.GetMounts() {
			if m.Dest == eatmydataMount {
				t.Errorf("%s: eatmydata is mounted without being given", name)
			}
		}
	}
}

func TestStepsPointAtTheirRecipe(t *testing.T) {
	t.Parallel()
	g := graph(t, input(load(t, map[string]string{"x.yaml": small}, "x.yaml"), "amd64"))
	places := map[string]string{}
	for _, v := range must(t, g) {
		places[v.name] = g.place(v.digest)
	}
	for name, want := range map[string]string{
		"[debian linux/amd64] configure 70 packages": "",
		"[small linux/amd64] configure 72 packages":  "x.yaml:3",
		"[small linux/amd64] run: first":             "x.yaml:6",
		"[small linux/amd64] run: second":            "x.yaml:7",
	} {
		if places[name] != want {
			t.Errorf("%s: got place %q, want %q", name, places[name], want)
		}
	}
	if got := string(g.Definition.Source.Infos[0].Data); got != small {
		t.Errorf("got source\n%s\nwant\n%s", got, small)
	}
}

func TestNoCache(t *testing.T) {
	t.Parallel()
	in := input(load(t, nil, "node"), "amd64")
	in.NoCache = true
	g := graph(t, in)
	for _, v := range must(t, g) {
		if got, want := g.Definition.Metadata[v.digest].IgnoreCache, v.op.GetExec() != nil; got != want {
			t.Errorf("%s: ignoring the cache is %v, want %v", v.name, got, want)
		}
	}
}

// A step that runs again makes other bytes than those that the steps after it
// were made on.
func TestAStepAgain(t *testing.T) {
	t.Parallel()
	for _, r := range []*recipes.Resolved{load(t, map[string]string{"x.yaml": small}, "x.yaml"), load(t, nil, "server")} {
		names := Steps(r)
		for first, name := range names {
			in := input(r, "amd64")
			in.Again = []string{name}
			g := graph(t, in)
			var order []string
			for _, v := range must(t, g) {
				if v.op.GetExec() == nil {
					continue
				}
				if got, want := g.Definition.Metadata[v.digest].IgnoreCache, len(order) >= first; got != want {
					t.Errorf("again from %q: %s ignores the cache: %v, want %v", name, v.name, got, want)
				}
				order = append(order, g.Step(v.digest))
			}
			if !slices.Equal(order, names) {
				t.Fatalf("the steps are said to be %q, and are %q", names, order)
			}
		}
	}
}

// What a step runs can be found again in its vertex, and the step by its name.
func TestScriptsOfSteps(t *testing.T) {
	t.Parallel()
	in := input(load(t, map[string]string{"x.yaml": small}, "x.yaml"), "amd64")
	g := graph(t, in)
	found := map[string]string{}
	for _, v := range must(t, g) {
		script, args := Script(v.op.GetExec())
		if len(args) > 0 {
			t.Errorf("%s has arguments %q", v.name, args)
		}
		if step := g.Step(v.digest); step != "" {
			found[step] = script
		}
	}
	want := map[string]string{"configure debian": configureScript, "configure small": configureScript, "first": "echo one", "second": "echo two"}
	if !maps.Equal(found, want) {
		t.Errorf("got %q", found)
	}
}

func TestAStepThatMayFail(t *testing.T) {
	t.Parallel()
	in := input(load(t, map[string]string{"x.yaml": small}, "x.yaml"), "amd64")
	in.PassOver = []string{"first"}
	g := graph(t, in)
	for _, v := range must(t, g) {
		if g.Step(v.digest) == "first" && !g.Definition.Metadata[v.digest].IgnoreCache {
			t.Error("what it says would be told once, and come from the cache from then on")
		}
	}
	args := steps(t, g)["[small linux/amd64] run: first"].Meta.Args
	args[slices.Index(args, stepScript)] = "exit 3"
	out, err := exec.Command(args[0], args[1:]...).Output()
	if err != nil || string(out) != "exit status 3 is passed over\n" {
		t.Errorf("got %s, %v", out, err)
	}
}

func TestBegin(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 61)
	for script, want := range map[string]string{
		"":       "",
		"a":      "a",
		"a\n":    "a",
		"a\nb\n": "a …",
		long:     long[:120] + " …",
	} {
		if got := begin(script); got != want {
			t.Errorf("%q: got %q, want %q", script, got, want)
		}
	}
}

// TestTheProxyOfAStep: a step that may use the network is told of the way out,
// and one that may not is not.
func TestTheProxyOfAStep(t *testing.T) {
	t.Parallel()
	in := input(load(t, map[string]string{"r.yaml": "name: r\nfrom: {debian: trixie}\nrun:\n" +
		"  - {name: in, sh: x}\n  - {name: out, sh: y, network: host}\n"}, "r.yaml"), "amd64")
	in.Proxy = Proxy{HTTP: "http://p:1", No: "localhost"}
	for name, step := range steps(t, graph(t, in)) {
		proxy := step.Meta.ProxyEnv
		switch out := strings.Contains(name, "run: out"); {
		case out && (proxy.GetHttpProxy() != "http://p:1" || proxy.GetNoProxy() != "localhost"):
			t.Errorf("%s gets %v", name, proxy)
		case !out && proxy != nil:
			t.Errorf("%s, without network, gets %v", name, proxy)
		}
	}
}

// TestPackagesAlone: what is unpacked ahead is the vertex that the image asks for.
func TestPackagesAlone(t *testing.T) {
	t.Parallel()
	in := input(load(t, map[string]string{"x.yaml": small}, "x.yaml"), "arm64")
	found := map[string]string{}
	for _, v := range must(t, graph(t, in)) {
		found[v.digest.String()] = v.name
	}
	for level, want := range []string{"[debian linux/arm64] 70 packages", "[small linux/arm64] 72 packages"} {
		g, err := Packages(t.Context(), in, level)
		if err != nil {
			t.Fatal(err)
		}
		list := must(t, g)
		if len(list) != 1 || found[list[0].digest.String()] != want || g.Title != want {
			t.Errorf("%s is %v", g.Title, list)
		}
	}
}
