package file

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/oar"
)

// document is a mapping that is written in the order of its keys.
type document struct{ yaml.MapSlice }

// add appends a key, unless its value is empty.
func (d *document) add(key string, value any, empty bool) {
	if !empty {
		d.MapSlice = append(d.MapSlice, yaml.MapItem{Key: key, Value: value})
	}
}

// mapping writes a map sorted by its keys.
func (d *document) mapping(key string, all map[string]string) {
	var m yaml.MapSlice
	for _, name := range slices.Sorted(maps.Keys(all)) {
		m = append(m, yaml.MapItem{Key: name, Value: all[name]})
	}
	d.add(key, m, len(m) == 0)
}

// Print writes a cluster as the file that says the same.
func Print(c Cluster) ([]byte, error) {
	s := c.Spec
	var d document
	d.add("name", s.Name, s.Name == "")
	d.add("registry", s.Registry, s.Registry == "")
	d.add("tag", s.Tag, s.Tag == "")
	d.add("bind", s.Bind.String(), !s.Bind.IsValid())
	d.add("http_port", s.HTTPPort, s.HTTPPort == 0)
	// A file counts whole seconds. What is less is rounded up, for 0 would be no time at all.
	d.add("timeout", fmt.Sprintf("%ds", int(math.Ceil(c.Timeout.Seconds()))), c.Timeout == 0)
	d.add("volumes", volumesOf(s.Volumes), s.Volumes == nil)
	var nodes yaml.MapSlice
	for _, g := range s.Groups {
		nodes = append(nodes, yaml.MapItem{Key: g.Name, Value: groupOf(g)})
	}
	d.add("nodes", nodes, false)
	if s.OAR != nil {
		d.settings(*s.OAR)
	}
	return yaml.MarshalWithOptions(d.MapSlice, yaml.IndentSequence(true))
}

func groupOf(g cluster.Group) yaml.MapSlice {
	var d document
	d.add("count", g.Nodes, false)
	d.add("cores", g.Cores, false)
	d.add("memory", memoryOf(g.Memory), g.Memory == 0)
	d.add("image", g.Image, g.Image == "")
	d.mapping("env", cut(g.Env))
	d.add("volumes", volumesOf(g.Volumes), len(g.Volumes) == 0)
	d.mapping("properties", g.Properties)
	return d.MapSlice
}

func memoryOf(bytes int64) string {
	for _, u := range units {
		if bytes%u.bytes == 0 {
			return fmt.Sprint(bytes/u.bytes) + u.suffix
		}
	}
	return ""
}

func volumesOf(volumes []cluster.Volume) []string {
	list := []string{}
	for _, v := range volumes {
		list = append(list, v.String())
	}
	return list
}

func (d *document) settings(s oar.Settings) {
	types := map[string]string{}
	for _, p := range s.Properties {
		types[p.Name] = p.Type
	}
	d.mapping("properties", types)
	var queues, users yaml.MapSlice
	for _, q := range s.Queues {
		queues = append(queues, yaml.MapItem{Key: q.Name, Value: yaml.MapSlice{{Key: "priority", Value: q.Priority}, {Key: "policy", Value: q.Policy}}})
	}
	for _, u := range s.Users {
		var one document
		one.add("uid", u.UID, false)
		one.add("keys", u.Keys, len(u.Keys) == 0)
		users = append(users, yaml.MapItem{Key: u.Name, Value: one.MapSlice})
	}
	d.add("queues", queues, len(queues) == 0)
	d.add("users", users, len(users) == 0)
	d.mapping("oar_conf", s.Conf)
}

// cut splits NAME=VALUE.
func cut(env []string) map[string]string {
	all := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		all[name] = value
	}
	return all
}
