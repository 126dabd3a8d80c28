package oardocker

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/oarcluster/oarcluster/internal/migrate/draft"
	"github.com/oarcluster/oarcluster/recipes"
)

// tree is files by path; one that ends in .sh may be run.
type tree map[string]string

func (t tree) fs() fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range t {
		fsys[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
		if strings.HasSuffix(name, ".sh") {
			fsys[name].Mode = 0o755
		}
	}
	return fsys
}

func suite(s string) bool { return s == "trixie" || s == "bookworm" }

// loaded reads drafts back as recipes.
func loaded(t *testing.T, drafts []*draft.Draft) []*recipes.Resolved {
	t.Helper()
	texts, files := map[string][]byte{}, []string{}
	for _, d := range drafts {
		text, err := d.Recipe()
		if err != nil {
			t.Fatal(err)
		}
		texts[d.Name+".yaml"], files = text, append(files, d.Name+".yaml")
	}
	all, err := recipes.Load(func(name string) ([]byte, error) { return texts[name], nil }, files, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, texts)
	}
	return all
}

func TestATemplate(t *testing.T) {
	t.Parallel()
	files := tree{
		"t/manifest.json":                  `{"parents": ["common"], "ignore_if_exists": ["keep.sh"], "build_order": ["base", "node"], "install_on": ["node"], "install_script": "/root/i.sh"}`,
		"t/images/base/Dockerfile":         "FROM oardocker/debian12\nADD keep.sh other /x/\n",
		"t/images/node/Dockerfile":         "FROM oardocker/t-base:latest\nRUN touch /node\n",
		"t/images/base/keep.sh":            "template's\n",
		"t/images/base/other":              "template's\n",
		"common/images/base/keep.sh":       "common's\n",
		"common/images/base/other":         "common's\n",
		"common/images/unknown/Dockerfile": "FROM x\n",
	}
	drafts, err := Read(files.fs(), "t", suite)
	if err != nil {
		t.Fatal(err)
	}
	all := loaded(t, drafts)
	if len(all) != 2 || all[0].Name != "t-base" || all[1].Name != "t-node" || all[1].Levels[1].Name != "t-base" || all[1].Suite.Name != "bookworm" {
		t.Errorf("got %+v", all)
	}
	got := drafts[0].Files()
	if string(got["t-base/x/keep.sh"].Data) != "common's\n" || string(got["t-base/x/other"].Data) != "template's\n" {
		t.Errorf("got %v", got)
	}
	if left := drafts[1].Left(); len(left) != 1 || !strings.Contains(left[0].How, "oar-node") {
		t.Errorf("left %v", left)
	}
	if left := drafts[0].Left(); len(left) != 1 || !strings.Contains(left[0].How, "Kameleon") {
		t.Errorf("left %v", left)
	}
}

const whole = `ARG RELEASE=trixie
FROM debian:${RELEASE}-slim
ARG COLOR=red
ENV COLOR=$COLOR PATH=/opt/bin:$PATH
LABEL org.example.a="b c"
RUN apt-get update && apt-get install -y --no-install-recommends vim \
    less && rm -rf /var/lib/apt/lists/*
RUN ["/bin/touch", "it's", "me"]
RUN <<DOC
touch /doc
DOC
WORKDIR /srv
WORKDIR sub
RUN touch here
COPY --chown=www-data:adm --chmod=0640 a.conf /etc/app/
USER docker
EXPOSE 80 53/udp
VOLUME /data
STOPSIGNAL SIGRTMIN+3
ENTRYPOINT ["/init"]
CMD sleep 1
`

func TestADockerfile(t *testing.T) {
	t.Parallel()
	d, err := ReadFile(tree{"Dockerfile": whole, "a.conf": "a"}.fs(), "Dockerfile", "x", suite)
	if err != nil {
		t.Fatal(err)
	}
	r := loaded(t, []*draft.Draft{d})[0]
	top := r.Levels[len(r.Levels)-1]
	var packages, scripts []string
	for _, p := range top.Packages {
		packages = append(packages, p.Name)
	}
	for _, s := range top.Run {
		scripts = append(scripts, s.Sh)
	}
	if r.Suite.Name != "trixie" || strings.Join(packages, " ") != "vim less" {
		t.Errorf("got %s with %v", r.Suite.Name, packages)
	}
	want := []string{"rm -rf /var/lib/apt/lists/*\n", "'/bin/touch' 'it'\\''s' 'me'\n", "touch /doc\n", "cd '/srv/sub'\ntouch here\n"}
	if !slices.Equal(scripts, want) {
		t.Errorf("got scripts %q\nwant %q", scripts, want)
	}
	if f := top.Files[0]; f.From != "x-www-data-adm" || f.Mode["etc/app/a.conf"] != 0o640 {
		t.Errorf("got files %+v", f)
	}
	if i := r.Image; i.Env["COLOR"] != "red" || i.Labels["org.example.a"] != "b c" || i.User != "docker" || i.Workdir != "/srv/sub" || i.StopSignal != "SIGRTMIN+3" ||
		i.Entrypoint[0] != "/init" || strings.Join(i.Cmd, " ") != "/bin/sh -c sleep 1" || strings.Join(i.Expose, " ") != "53/udp 80/tcp" || i.Volumes[0] != "/data" {
		t.Errorf("got image %+v", i)
	}
}

func TestFilesOfADockerfile(t *testing.T) {
	t.Parallel()
	context := tree{"a": "a", "b": "b", "dir/x": "x", "dir/deep/y": "y", "run.sh": "ELF", "c.txt": "c", "d.txt": "d"}
	for _, tc := range []struct{ line, want string }{
		{"COPY a /etc/a", "/etc/a"},
		{"COPY a /etc/", "/etc/a"},
		{"COPY a b /etc/", "/etc/a /etc/b"},
		{"COPY dir /etc", "/etc/deep/y /etc/x"},
		{"COPY ./dir/ /etc/", "/etc/deep/y /etc/x"},
		{"COPY dir/deep /etc", "/etc/y"},
		{"COPY *.txt /etc/", "/etc/c.txt /etc/d.txt"},
		{"COPY . /x/", "/x/Dockerfile /x/a /x/b /x/c.txt /x/d.txt /x/dir/deep/y /x/dir/x /x/run.sh"},
		{"WORKDIR /srv\nCOPY a b ./", "/srv/a /srv/b"},
		{"COPY <<DOC /etc/inline\nhi\nDOC", "/etc/inline"},
		{"ADD https://example.org/x /etc/x", ""},
		{"COPY --from=build /a /b", ""},
	} {
		files := tree{"Dockerfile": "FROM debian:trixie\n" + tc.line + "\n"}
		for name, data := range context {
			files[name] = data
		}
		d, err := ReadFile(files.fs(), "Dockerfile", "x", suite)
		if err != nil {
			t.Errorf("%s: %v", tc.line, err)
			continue
		}
		var got []string
		for name := range d.Files() {
			got = append(got, strings.TrimPrefix(name, "x"))
		}
		if sorted(got) != tc.want || (tc.want == "") != (len(d.Left()) == 1) {
			t.Errorf("%s: got %s, left %v", tc.line, sorted(got), d.Left())
		}
	}
}

func sorted(names []string) string {
	slices.Sort(names)
	return strings.Join(names, " ")
}
