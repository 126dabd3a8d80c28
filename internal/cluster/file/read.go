// Package file is the language in which a user writes a cluster down: the file of
// `oardeploy -f`, and its printed form.
//
// # Policy
//
// Strict, as recipes are: the table of keys is the decoder, the JSON Schema for
// editors and the reference in docs/cluster-file.md at once. A file is whole: what
// OAR and the hosts have of an earlier one and this one does not say, goes.
//
// # Boundaries
//
// Pure: a text comes in as bytes, and paths are names.
//
//go:generate go test -run TestTheManualHasTheReference . -update
package file

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/oar"
	"github.com/oarcluster/oarcluster/internal/strict"
	"github.com/oarcluster/oarcluster/internal/suggest"
)

// Cluster is what a file says. What it does not say is zero.
type Cluster struct {
	Spec    cluster.Spec
	Timeout time.Duration
}

// defaultPolicy is what OAR's own queues have.
const defaultPolicy = "oar_sched_gantt_with_timesharing_and_fairsharing_and_quotas"

// reader collects a file's values and mistakes.
type reader struct {
	file, dir string
	text      []byte
	mistakes  *strict.Mistakes
}

func (r *reader) mistake(at strict.Position, format string, args ...any) {
	r.mistakes.Add(r.text, at, format, args...)
}

// maxBytes bounds a cluster file: a user with a long key takes less than a thousand.
const maxBytes = 1 << 20

// Read reads a cluster file. dir is the folder from which its relative paths are
// taken. The error tells everything wrong with it, with a place for each.
func Read(name string, data []byte, dir string) (Cluster, error) {
	r := &reader{file: name, dir: dir, mistakes: &strict.Mistakes{}}
	root, text := strict.Decode(name, data, strict.Kind{Name: "cluster file", Max: maxBytes}, Table(), r.mistakes)
	r.text = text
	if err := r.mistakes.Err(); err != nil {
		return Cluster{}, err
	}
	c := Cluster{Spec: cluster.Spec{
		Name: root.Get("name").Value, Registry: root.Get("registry").Value, Tag: root.Get("tag").Value,
		Volumes: r.volumes(root.Get("volumes")),
		Bind:    r.bind(root.Get("bind").Text), HTTPPort: r.port(root.Get("http_port").Text),
	}}
	c.Timeout = r.timeout(root.Get("timeout").Text)
	settings := oar.Settings{Conf: values(root.Get("oar_conf"))}
	types := r.properties(root.Get("properties"), &settings)
	r.queues(root.Get("queues"), &settings)
	r.users(root.Get("users"), &settings)
	for _, p := range root.Get("nodes").Pairs {
		c.Spec.Groups = append(c.Spec.Groups, r.group(p, types))
	}
	settings = settings.Whole()
	c.Spec.OAR = &settings
	return c, r.mistakes.Err()
}

func values(n strict.Node) map[string]string {
	if len(n.Pairs) == 0 {
		return nil
	}
	all := map[string]string{}
	for _, p := range n.Pairs {
		all[p.Key.Value] = p.Value.Value
	}
	return all
}

func (r *reader) volumes(n strict.Node) []cluster.Volume {
	var all []cluster.Volume
	if n.Given() {
		all = []cluster.Volume{}
	}
	for _, one := range n.List {
		v, err := cluster.ParseVolume(one.Value, r.dir)
		if err != nil {
			r.mistake(one.At, "%v", err)
		}
		if slices.ContainsFunc(all, func(o cluster.Volume) bool { return o.Container == v.Container }) {
			r.mistake(one.At, "%q is mounted twice", v.Container)
		}
		all = append(all, v)
	}
	return all
}

func (r *reader) bind(t strict.Text) netip.Addr {
	a, err := netip.ParseAddr(t.Value)
	if t.At.IsSet() && err != nil {
		r.mistake(t.At, "bind %q: %s", t.Value, address.Say)
	}
	return a
}

func (r *reader) port(t strict.Text) uint16 {
	n, err := strconv.ParseUint(cmp.Or(t.Value, "0"), 10, 16)
	if err != nil {
		r.mistake(t.At, "http_port %q: %s", t.Value, port.Say)
	}
	return uint16(n)
}

func (r *reader) timeout(t strict.Text) time.Duration {
	d, err := time.ParseDuration(cmp.Or(t.Value, "0"))
	if err != nil {
		r.mistake(t.At, "timeout %q: %s", t.Value, duration.Say)
	}
	return d
}

// number reads what a rule of numbers allows.
func number(text, otherwise string) int {
	n, err := strconv.Atoi(cmp.Or(text, otherwise))
	if err != nil {
		return 0
	}
	return n
}

func (r *reader) group(p strict.Pair, types map[string]string) cluster.Group {
	n := p.Value
	g := cluster.Group{
		Name: p.Key.Value, Nodes: number(n.Get("count").Value, "0"), Cores: number(n.Get("cores").Value, "1"),
		Memory: bytes(n.Get("memory").Value), Image: n.Get("image").Value,
		Properties: values(n.Get("properties")),
	}
	if g.Reserved() {
		r.mistake(p.Key.At, "group %q: another host has that name", g.Name)
	}
	if g.Cores > cluster.MostCores {
		r.mistake(n.Get("cores").At, "cores %d: %s", g.Cores, cores.Say)
	}
	if volumes := r.volumes(n.Get("volumes")); len(volumes) > 0 {
		g.Volumes = volumes
	}
	for _, e := range n.Get("env").Pairs {
		g.Env = append(g.Env, e.Key.Value+"="+e.Value.Value)
	}
	slices.Sort(g.Env)
	for _, one := range n.Get("properties").Pairs {
		r.valueOf(one, types)
	}
	return g
}

// valueOf checks a node's property against what is declared.
func (r *reader) valueOf(p strict.Pair, types map[string]string) {
	kind, declared := types[p.Key.Value]
	var names []string
	for name := range types {
		names = append(names, name)
	}
	if !declared {
		r.mistake(p.Key.At, "unknown property %q: the cluster's properties declare it with a type%s", p.Key.Value, suggest.For(p.Key.Value, names))
	}
	if _, err := strconv.ParseInt(p.Value.Value, 10, 32); kind == "int" && err != nil {
		r.mistake(p.Value.At, "property %s is %q: it must be an int", p.Key.Value, p.Value.Value)
	}
}

// units are what memory may be counted in.
var units = []struct {
	suffix string
	bytes  int64
}{{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}, {"", 1}}

// bytes reads what the rule of memory allows.
func bytes(text string) int64 {
	for _, u := range units {
		if digits, ok := strings.CutSuffix(text, u.suffix); ok && text != "" {
			n, err := strconv.ParseInt(digits, 10, 64)
			if err == nil {
				return n * u.bytes
			}
		}
	}
	return 0
}
