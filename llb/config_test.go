package llb

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	text := small[:strings.Index(small, "image:")] + `image:
  entrypoint: [/usr/bin/tini, --]
  cmd: [/sbin/my_init]
  env: {Z: last, A: first}
  labels: {mine: yes, org.opencontainers.image.title: My image}
  expose: [80, 53/udp]
  volumes: [/data]
  user: docker
  workdir: /data
  stop_signal: SIGQUIT
`
	in := input(load(t, map[string]string{"x.yaml": text}, "x.yaml"), "arm64")
	in.Labels = map[string]string{"org.example.of-build": "1", "mine": "no"}
	g := graph(t, in)
	var got ocispec.Image
	if err := json.Unmarshal(g.Config, &got); err != nil {
		t.Fatal(err)
	}
	want := ocispec.ImageConfig{
		User:         "docker",
		ExposedPorts: map[string]struct{}{"80/tcp": {}, "53/udp": {}},
		Env:          []string{"PATH=" + searchPath, "A=first", "Z=last"},
		Entrypoint:   []string{"/usr/bin/tini", "--"},
		Cmd:          []string{"/sbin/my_init"},
		Volumes:      map[string]struct{}{"/data": {}},
		WorkingDir:   "/data",
		StopSignal:   "SIGQUIT",
		Labels: map[string]string{
			"mine":                               "yes",
			"org.example.of-build":               "1",
			"org.opencontainers.image.title":     "My image",
			"org.opencontainers.image.created":   "2023-11-14T22:13:20Z",
			"org.opencontainers.image.source":    homepage,
			"org.opencontainers.image.version":   "2.6.1",
			"org.opencontainers.image.base.name": "debian:trixie",
		},
	}
	if !reflect.DeepEqual(got.Config, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got.Config, want)
	}
	if !got.Created.Equal(epoch) || got.Architecture != "arm64" || got.OS != "linux" {
		t.Errorf("got %s/%s of %s", got.OS, got.Architecture, got.Created)
	}
	if len(got.RootFS.DiffIDs) != 0 {
		t.Errorf("got layers %q, which are the exporter's to tell", got.RootFS.DiffIDs)
	}
	if title := g.Annotations[ocispec.AnnotationTitle]; title != "small" || g.Annotations["org.example.of-build"] != "1" {
		t.Errorf("got annotations %v", g.Annotations)
	}
}

func TestHistoryTellsEachLayer(t *testing.T) {
	t.Parallel()
	g := graph(t, input(load(t, map[string]string{"x.yaml": small}, "x.yaml"), "amd64"))
	var image ocispec.Image
	if err := json.Unmarshal(g.Config, &image); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range image.History {
		got = append(got, h.CreatedBy)
		if !h.Created.Equal(epoch) || h.EmptyLayer {
			t.Errorf("got %+v", h)
		}
	}
	want := []string{
		"oarbuild [debian linux/amd64] 70 packages",
		"oarbuild [debian linux/amd64] files",
		"oarbuild [debian linux/amd64] configure 70 packages",
		"oarbuild [small linux/amd64] 72 packages",
		"oarbuild [small linux/amd64] configure 72 packages",
		"oarbuild [small linux/amd64] run: first",
		"oarbuild [small linux/amd64] run: second",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestASearchPathOfTheRecipeStays(t *testing.T) {
	t.Parallel()
	if got := environment(map[string]string{"PATH": "/bin"}); !slices.Equal(got, []string{"PATH=/bin"}) {
		t.Errorf("got %q", got)
	}
}
