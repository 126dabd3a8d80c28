//go:build e2e

package build

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/platforms"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/oarcluster/oarcluster/internal/build/files"
)

// unpacked returns the entries of an image by path: mode, owner and content.
func unpacked(t *testing.T, reference string) map[string]string {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]string{}
	stream := mutate.Extract(image)
	defer stream.Close()
	for tr := tar.NewReader(stream); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		content := ""
		if h.Size < 1024 {
			data, err := io.ReadAll(tr)
			if err != nil {
				t.Fatal(err)
			}
			content = " " + string(data)
		}
		entries[strings.Trim(h.Name, "./")] = strings.TrimSpace(fmt.Sprintf("%04o %d:%d%s", h.Mode&0o7777, h.Uid, h.Gid, content))
	}
}

// worded writes a recipe that uses what the language has for files and steps.
func worded(t *testing.T, dir string) {
	t.Helper()
	for name, text := range map[string]string{
		"site/index.html": "hi", "site/sub/secret": "s", "tools/t": "t",
		"motd":         "${greeting} from ${suite}, ${HOME}",
		"r/tools.yaml": "files: [{from: ../tools, to: /opt/tools, owner: \"1000:adm\"}]\nrun: [{name: included, sh: echo included >/look}]\n",
		"r/mine.yaml": `name: mine
from: {debian: "${suite}"}
include: [tools.yaml]
vars: {greeting: {default: hello}, workers: {default: 4, type: int}}
files:
  - {from: ../site, to: /srv/site, owner: www-data, mode: {.: 0750, sub/secret: 0400}}
  - {from: ../motd, to: /etc/motd, template: ., mode: 0600}
run:
  - {name: look, sh: "echo ${workers} \"$1\" >>/look", args: ["two words"]}
  - {name: elsewhere, sh: exit 1, when: {platform: linux/s390x}}
  - {name: another suite, sh: exit 1, when: {suite: bookworm}}
  - {name: this suite, sh: "echo ${suite} >>/look", when: {suite: [bookworm, trixie]}}
`,
	} {
		write(t, dir, name, text)
	}
}

// What recipes say about files, conditions, variables and includes is what the
// image holds, and what is printed and exported is the same image.
func TestTheLanguageInAnImage(t *testing.T) {
	o, out, _ := real(t)
	dir := t.TempDir()
	worded(t, dir)
	o.Recipes, o.Set = []string{filepath.Join(dir, "r/mine.yaml")}, map[string]string{"workers": "8"}
	manifest := func() string {
		images, err := Run(t.Context(), o)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return o.Registry + "/mine@" + images[0].Platforms[platforms.DefaultString()].Digest
	}
	first := manifest()
	entries := unpacked(t, first)
	for name, want := range map[string]string{
		"srv": "0755 0:0", "srv/site": "0750 33:33", "srv/site/index.html": "0644 33:33 hi", "srv/site/sub": "0755 33:33",
		"srv/site/sub/secret": "0400 33:33 s", "etc": "0755 0:0", "etc/motd": "0600 0:0 hello from trixie, ${HOME}",
		"opt/tools": "0755 1000:4", "opt/tools/t": "0644 1000:4 t", "look": "0644 0:0 included\n8 two words\ntrixie",
	} {
		if entries[name] != want {
			t.Errorf("%s is %q, want %q", name, entries[name], want)
		}
	}

	exported, err := files.Export(o.Recipes[0], o.Set, filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	text, err := files.Print(list[0])
	if err != nil {
		t.Fatal(err)
	}
	printed := filepath.Join(t.TempDir(), "printed.yaml")
	if err := os.WriteFile(printed, text, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{exported, printed} {
		if o.Recipes = []string{file}; file == printed {
			o.Set = nil
		}
		if again := manifest(); again != first {
			t.Errorf("%s makes %s, want %s", file, again, first)
		}
	}
}
