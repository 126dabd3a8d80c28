package llb

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// homepage is where the recipes of published images are.
const homepage = "https://github.com/oarcluster/oarcluster"

// config returns the image's configuration (OCI image specification,
// config.md). Its file system is the exporter's to write.
func (b *builder) config() ([]byte, error) {
	image := b.in.Recipe.Image
	epoch := b.in.Epoch.UTC().Truncate(time.Second)
	c := ocispec.Image{
		Created:  &epoch,
		Platform: b.in.Platform,
		Config: ocispec.ImageConfig{
			User:         image.User,
			ExposedPorts: set(image.Expose),
			Env:          environment(image.Env),
			Entrypoint:   image.Entrypoint,
			Cmd:          image.Cmd,
			Volumes:      set(image.Volumes),
			WorkingDir:   image.Workdir,
			StopSignal:   image.StopSignal,
			Labels:       b.annotations(),
		},
		RootFS: ocispec.RootFS{Type: "layers"},
	}
	maps.Copy(c.Config.Labels, image.Labels)
	if b.in.Base != nil {
		c.Config = over(b.in.Base.Config, c.Config, image.Env)
		c.History = slices.Clone(b.in.Base.History)
	}
	for _, by := range b.history {
		c.History = append(c.History, ocispec.History{Created: &epoch, CreatedBy: "oarbuild " + by})
	}
	return json.Marshal(c)
}

// annotations returns the predefined keys of the OCI image specification
// (annotations.md) that the image can tell.
func (b *builder) annotations() map[string]string {
	r := b.in.Recipe
	notes := map[string]string{
		ocispec.AnnotationTitle:         r.Name,
		ocispec.AnnotationCreated:       b.in.Epoch.UTC().Format(time.RFC3339),
		ocispec.AnnotationSource:        homepage,
		ocispec.AnnotationBaseImageName: "debian:" + r.Suite.Name,
	}
	if name, digest, found := strings.Cut(r.Base, "@"); found {
		notes[ocispec.AnnotationBaseImageName], notes[ocispec.AnnotationBaseImageDigest] = name, digest
	}
	for _, v := range r.Vars {
		if v.Name == "oar" {
			notes[ocispec.AnnotationVersion] = v.Value
		}
	}
	maps.Copy(notes, b.in.Labels)
	return notes
}

// over returns a configuration over the one of the image below, as FROM of a
// Dockerfile does: what is not said is inherited, and a command only with its
// entrypoint. env are the variables that the recipe sets.
func over(below, c ocispec.ImageConfig, env map[string]string) ocispec.ImageConfig {
	if c.Entrypoint == nil {
		c.Entrypoint = below.Entrypoint
		if c.Cmd == nil {
			c.Cmd = below.Cmd
		}
	}
	c.User = cmp.Or(c.User, below.User)
	c.WorkingDir = cmp.Or(c.WorkingDir, below.WorkingDir)
	c.StopSignal = cmp.Or(c.StopSignal, below.StopSignal)
	c.ExposedPorts = union(below.ExposedPorts, c.ExposedPorts)
	c.Volumes = union(below.Volumes, c.Volumes)
	c.Labels = union(below.Labels, c.Labels)
	merged := map[string]string{}
	for _, variable := range below.Env {
		name, value, _ := strings.Cut(variable, "=")
		merged[name] = value
	}
	c.Env = environment(union(merged, env))
	return c
}

// union returns the pairs of both maps, those of b where both have a key, and nil
// when there are none.
func union[V any](a, b map[string]V) map[string]V {
	if len(a)+len(b) == 0 {
		return nil
	}
	both := map[string]V{}
	maps.Copy(both, a)
	maps.Copy(both, b)
	return both
}

// environment writes an image's variables as NAME=value, with a search path for
// the engines that give none.
func environment(env map[string]string) []string {
	list := []string{}
	if _, ok := env["PATH"]; !ok {
		list = append(list, "PATH="+searchPath)
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, strings.Join([]string{name, env[name]}, "="))
	}
	return list
}

// set returns a list as the keys of a map, nil when there are none.
func set(list []string) map[string]struct{} {
	if len(list) == 0 {
		return nil
	}
	m := map[string]struct{}{}
	for _, one := range list {
		m[one] = struct{}{}
	}
	return m
}
