package llb

import (
	_ "embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	bk "github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"

	"github.com/oarcluster/oarcluster/recipes"
)

// configureScript runs the maintainer scripts of unpacked packages.
//
//go:embed configure.sh
var configureScript string

// stepScript runs a step of a recipe, which it gets as its arguments.
//
//go:embed step.sh
var stepScript string

// passOver runs a step, given as arguments, and lets it fail.
const passOver = `"$@" || echo "exit status $? is passed over"`

// What the metadata of a vertex says about the step that it is.
const (
	stepKey    = "oarbuild.step"
	timeoutKey = "oarbuild.timeout"
)

// searchPath is what Debian's login(1) gives root, which is also what container
// engines give a process without a PATH.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Where the scripts look for what is mounted beside the image's own files.
const (
	eatmydataMount = "/run/eatmydata"
	filesMount     = "/run/files"
	belowMount     = "/run/below"
	secretsMount   = "/run/secrets"
	agentMount     = "/run/ssh-agent"
)

// builder makes the vertices of one graph.
type builder struct {
	in      Input
	sources map[string]*bk.SourceMap
	// history names the layers of the image from the lowest up.
	history     []string
	hostNetwork bool
	// stale says that a step below was asked to run again.
	stale bool
}

// Steps names the steps of a recipe in the order in which they run: a level's
// maintainer scripts "configure LEVEL", a script of the recipe by its own name.
func Steps(r *recipes.Resolved) []string {
	var names, last []string
	for i, level := range r.Levels {
		if i == 0 && r.Base == "" || len(level.Packages) > 0 {
			names = append(names, configuring(level))
		}
		for _, step := range level.Run {
			if step.Needs != nil {
				names = append(names, step.Name)
			} else {
				last = append(last, step.Name)
			}
		}
	}
	return append(names, last...)
}

// Step returns the name of the step that a vertex is, as [Steps] has it, or "".
func (g *Graph) Step(vertex digest.Digest) string {
	return g.Definition.Metadata[vertex].Description[stepKey]
}

// Script returns what a step runs: a script of sh and its arguments.
func Script(step *pb.ExecOp) (script string, args []string) {
	all := step.GetMeta().GetArgs()
	if i := slices.Index(all, configureScript); i >= 0 {
		return configureScript, nil
	}
	if i := slices.Index(all, stepScript); i >= 0 && len(all) > i+3 {
		return all[i+3], all[i+4:]
	}
	return "", nil
}

// Timeout returns how long the step that a vertex is may take, or 0.
func (g *Graph) Timeout(vertex digest.Digest) time.Duration {
	timeout, err := time.ParseDuration(g.Definition.Metadata[vertex].Description[timeoutKey])
	if err != nil {
		return 0
	}
	return timeout
}

func configuring(level recipes.Level) string { return "configure " + level.Name }

func newBuilder(in Input) (*builder, error) {
	levels := len(in.Recipe.Levels)
	switch {
	case len(in.Packages) != levels || len(in.Files) != levels:
		return nil, fmt.Errorf("%d package layers and %d file layers for %d levels", len(in.Packages), len(in.Files), levels)
	case in.Recipe.Base != "" && in.Base == nil:
		return nil, fmt.Errorf("no configuration of the image %s", in.Recipe.Base)
	case in.Recipe.Base == "" && in.Packages[0] == Layer{}:
		return nil, fmt.Errorf("no layer for the bare base")
	case in.Interpreters != nil && len(in.Interpreters) != levels:
		return nil, fmt.Errorf("interpreters of %d levels for %d levels", len(in.Interpreters), levels)
	case len(in.Needs) != levels:
		return nil, fmt.Errorf("needs of %d levels for %d levels", len(in.Needs), levels)
	}
	for i, level := range in.Recipe.Levels {
		if len(in.Needs[i]) != len(level.Run) {
			return nil, fmt.Errorf("needs of %d steps for %d steps of %s", len(in.Needs[i]), len(level.Run), level.Name)
		}
	}
	b := &builder{in: in, sources: map[string]*bk.SourceMap{}}
	for file, text := range in.Recipe.Texts {
		b.sources[file] = bk.NewSourceMap(nil, file, "YAML", text)
	}
	return b, nil
}

// source is a layer of the client's store, and the level that it is for.
type source struct {
	level string
	layer Layer
}

func (b *builder) source(s source) bk.State {
	return bk.OCILayout(s.layer.Ref, bk.OCIStore("", b.in.Store), b.name(s.level, "%s", s.layer.Name))
}

// lay answers the option by which a step lays files before it runs its script,
// none for no files.
func (b *builder) lay(files ...source) []bk.RunOption {
	var states []bk.State
	for _, s := range files {
		if s.layer != (Layer{}) {
			states = append(states, b.source(s))
		}
	}
	if len(states) == 0 {
		return nil
	}
	all := bk.Merge(states, b.name(b.in.Recipe.Name, "merge files"))
	return []bk.RunOption{beside(filesMount, all)}
}

// beside answers the option that mounts a state beside a step's tree. BuildKit
// takes it for what its vertex says: by default it would read every file of it,
// the whole tree of /run/below, to find out that another one has the same bytes.
func beside(path string, state bk.State) bk.RunOption {
	return bk.AddMount(path, state, bk.Readonly, bk.ContentCache(bk.MountContentCacheOff))
}

// merge lays sources over a state and notes them as layers of the image. Zero
// layers do not count.
func (b *builder) merge(state bk.State, level, what string, over []source) bk.State {
	states := []bk.State{state}
	for _, s := range over {
		if s.layer == (Layer{}) {
			continue
		}
		states = append(states, b.source(s))
		b.history = append(b.history, b.label(s.level, s.layer.Name))
	}
	return bk.Merge(states, b.name(level, "merge %s", what))
}

// configure runs the maintainer scripts of a level's packages. It sees the tree
// without them, too.
func (b *builder) configure(state, below bk.State, level recipes.Level, layer Layer, interpreters []string) bk.State {
	var packages []string
	for _, p := range level.Packages {
		packages = append(packages, p.Name)
	}
	b.history = append(b.history, b.label(level.Name, "configure "+layer.Name))
	opts := []bk.RunOption{
		bk.Network(bk.NetModeNone),
		bk.AddEnv("PACKAGES", strings.Join(packages, " ")),
		b.name(level.Name, "configure %s", layer.Name),
	}
	if below.Output() != nil {
		opts = append(opts, beside(belowMount, below))
	}
	opts = append(opts, b.natively(state, level.Name, interpreters)...)
	if last := len(level.Packages) - 1; last >= 0 {
		at := level.Packages[0].At
		at.End = level.Packages[last].At.End
		opts = append(opts, b.location(at))
	}
	return b.run(configuring(level), []string{"/bin/sh", "-e", "-c", configureScript}, state, opts)
}

// script runs a step of a recipe for a level, with the image's own environment.
// lay is what [builder.lay] answers for the files that the step lays.
func (b *builder) script(state bk.State, level string, step recipes.Step, lay []bk.RunOption) bk.State {
	opts := append(lay,
		b.name(level, "run: %s", step.Name),
		b.location(step.At),
	)
	if b.in.Base != nil {
		for _, variable := range b.in.Base.Config.Env {
			name, value, _ := strings.Cut(variable, "=")
			opts = append(opts, bk.AddEnv(name, value))
		}
	}
	env := b.in.Recipe.Image.Env
	for _, name := range slices.Sorted(maps.Keys(env)) {
		opts = append(opts, bk.AddEnv(name, env[name]))
	}
	network := bk.NetModeNone
	if step.Network == "host" {
		network, b.hostNetwork = bk.NetModeHost, true
		if p := b.in.Proxy; p != (Proxy{}) {
			opts = append(opts, bk.WithProxy(bk.ProxyEnv{HTTPProxy: p.HTTP, HTTPSProxy: p.HTTPS, AllProxy: p.All, NoProxy: p.No}))
		}
	}
	b.history = append(b.history, b.label(level, "run: "+step.Name))
	for _, id := range step.Secrets {
		opts = append(opts, bk.AddSecret(path.Join(secretsMount, id), bk.SecretID(id)))
	}
	if step.SSH {
		opts = append(opts, bk.AddSSHSocket(bk.SSHID("default"), bk.SSHSocketTarget(agentMount)))
	}
	if step.Timeout > 0 {
		opts = append(opts, bk.WithDescription(map[string]string{timeoutKey: step.Timeout.String()}))
	}
	limit := strconv.FormatFloat(step.Timeout.Seconds(), 'f', -1, 64)
	args := slices.Concat([]string{"/bin/sh", "-e", "-c", stepScript, "step", limit, step.Sh}, step.Args)
	return b.run(step.Name, args, state, append(opts, bk.Network(network)))
}

// run adds what all steps have in common. The options given come later and win.
func (b *builder) run(name string, args []string, state bk.State, opts []bk.RunOption) bk.State {
	if slices.Contains(b.in.PassOver, name) {
		args = slices.Concat([]string{"/bin/sh", "-c", passOver, "sh"}, args)
		b.stale = true // what it says is what the user goes on for
	}
	common := []bk.RunOption{
		bk.Args(args),
		bk.WithDescription(map[string]string{stepKey: name}),
		bk.AddEnv("PATH", searchPath),
		bk.AddEnv("DEBIAN_FRONTEND", "noninteractive"),
		bk.AddEnv("SOURCE_DATE_EPOCH", strconv.FormatInt(b.in.Epoch.Unix(), 10)),
	}
	if cpu := quickCPU[b.in.Platform.Architecture]; cpu != "" {
		common = append(common, bk.AddEnv("QEMU_CPU", cpu))
	}
	if b.in.Eatmydata != (Layer{}) {
		lib := b.source(source{"eatmydata", b.in.Eatmydata})
		common = append(common, beside(eatmydataMount, lib))
	}
	b.stale = b.stale || b.in.NoCache || slices.Contains(b.in.Again, name)
	if b.stale {
		common = append(common, bk.IgnoreCache)
	}
	return state.Run(append(common, opts...)...).Root()
}

// location says which lines of a recipe a vertex is from, so that a failure
// points at them. A place outside all recipes says nothing.
func (b *builder) location(at recipes.Position) bk.ConstraintsOpt {
	return b.sources[at.File].Location([]*pb.Range{{
		Start: &pb.Position{Line: int32(at.Line), Character: int32(at.Col - 1)},
		End:   &pb.Position{Line: int32(at.End)},
	}})
}
