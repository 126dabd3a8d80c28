package llb

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var baseDigest = "sha256:" + strings.Repeat("a", 64)

// overImage makes up the input of a recipe that comes from an image.
func overImage(t *testing.T, text string) Input {
	t.Helper()
	recipe := "name: x\nfrom: {image: registry.example.org/y:1@" + baseDigest + "}\n" + text
	in := input(load(t, map[string]string{"x.yaml": recipe}, "x.yaml"), "amd64")
	in.Packages[0], in.Eatmydata = Layer{}, Layer{}
	in.Base = &ocispec.Image{
		History: []ocispec.History{{CreatedBy: "below"}},
		Config: ocispec.ImageConfig{
			User: "nobody", Env: []string{"PATH=/opt/bin:/bin", "A=below", "B=below"}, Entrypoint: []string{"/init"}, Cmd: []string{"run"},
			ExposedPorts: map[string]struct{}{"80/tcp": {}}, Volumes: map[string]struct{}{"/v": {}}, WorkingDir: "/srv",
			Labels: map[string]string{"mine": "below", "theirs": "below"}, StopSignal: "SIGQUIT",
		},
	}
	return in
}

func TestAGraphOverAnImage(t *testing.T) {
	t.Parallel()
	in := overImage(t, "files: [{from: x, to: /}]\nrun: [{name: one, sh: \"true\"}]\nimage: {env: {A: above}}\n")
	g := graph(t, in)
	text, err := g.Text()
	if err != nil || !strings.HasPrefix(text, "#1 image registry.example.org/y:1@sha256:aaaaaaaaaaaa  [image linux/amd64] registry.example.org/y") {
		t.Errorf("got %v\n%s", err, text)
	}
	if strings.Contains(text, "configure") || strings.Contains(text, "eatmydata") {
		t.Errorf("packages are configured over an image:\n%s", text)
	}
	if names := Steps(in.Recipe); len(names) != 1 || names[0] != "one" {
		t.Errorf("the steps are %q", names)
	}
	env := steps(t, g)["[x linux/amd64] run: one"].Meta.Env
	want := map[string]bool{"PATH=/opt/bin:/bin": true, "A=above": true, "B=below": true, "DEBIAN_FRONTEND=noninteractive": true, "SOURCE_DATE_EPOCH=1700000000": true}
	for _, variable := range env {
		if !want[variable] {
			t.Errorf("the step has %s", variable)
		}
		delete(want, variable)
	}
	if len(want) > 0 {
		t.Errorf("the step lacks %v", want)
	}
	if got := g.Annotations[ocispec.AnnotationBaseImageDigest]; got != baseDigest || g.Annotations[ocispec.AnnotationBaseImageName] != "registry.example.org/y:1" {
		t.Errorf("the annotations are %v", g.Annotations)
	}
	in.Base = nil
	if _, err := Image(t.Context(), in); err == nil || !strings.Contains(err.Error(), "no configuration of the image registry.example.org/y") {
		t.Errorf("without the image's configuration: %v", err)
	}
}

func TestWhatAnImageInherits(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, image string
		change      func(*ocispec.ImageConfig)
	}{
		{"all", "{}", func(*ocispec.ImageConfig) {}},
		{"a command", "{cmd: [stop]}", func(c *ocispec.ImageConfig) { c.Cmd = []string{"stop"} }},
		{"an entrypoint takes no other's command", "{entrypoint: [/my]}", func(c *ocispec.ImageConfig) { c.Entrypoint, c.Cmd = []string{"/my"}, nil }},
		{"variables", "{env: {A: above, C: above}}", func(c *ocispec.ImageConfig) { c.Env = []string{"A=above", "B=below", "C=above", "PATH=/opt/bin:/bin"} }},
		{"the rest", "{user: root, workdir: /, stop_signal: SIGTERM, expose: [22], volumes: [/w], labels: {mine: above}}", func(c *ocispec.ImageConfig) {
			c.User, c.WorkingDir, c.StopSignal, c.Labels["mine"] = "root", "/", "SIGTERM", "above"
			c.ExposedPorts, c.Volumes = map[string]struct{}{"80/tcp": {}, "22/tcp": {}}, map[string]struct{}{"/v": {}, "/w": {}}
		}},
	} {
		in := overImage(t, "image: "+tc.image+"\n")
		want := in.Base.Config
		want.Env = []string{"A=below", "B=below", "PATH=/opt/bin:/bin"}
		want.Labels = map[string]string{"mine": "below", "theirs": "below"}
		tc.change(&want)
		var got ocispec.Image
		if err := json.Unmarshal(graph(t, in).Config, &got); err != nil {
			t.Fatal(err)
		}
		for label := range got.Config.Labels {
			if strings.HasPrefix(label, "org.opencontainers.") {
				delete(got.Config.Labels, label)
			}
		}
		if !reflect.DeepEqual(got.Config, want) {
			t.Errorf("%s: got\n%+v\nwant\n%+v", tc.name, got.Config, want)
		}
		if len(got.History) == 0 || got.History[0].CreatedBy != "below" {
			t.Errorf("%s: the history is %+v", tc.name, got.History)
		}
	}
}
