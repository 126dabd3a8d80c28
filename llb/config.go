package llb

import (
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
	for _, v := range r.Vars {
		if v.Name == "oar" {
			notes[ocispec.AnnotationVersion] = v.Value
		}
	}
	maps.Copy(notes, b.in.Labels)
	return notes
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
