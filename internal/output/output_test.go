package output

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Spec{
		"type=oci,dest=a.tar":          {Type: "oci", Dest: "a.tar"},
		"type=oci,dest=d,tar=false":    {Type: "oci", Dest: "d", Folder: true},
		"type=docker":                  {Type: "docker", Dest: "-"},
		"type=tar,dest=-":              {Type: "tar", Dest: "-"},
		"type=local,dest=d":            {Type: "local", Dest: "d", Folder: true},
		`type=tar,"dest=a,{name}.tar"`: {Type: "tar", Dest: "a,{name}.tar"},
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"a.tar":                     "not KEY=VALUE",
		"dest=a":                    `no type ""`,
		"type=floppy":               `no type "floppy"`,
		"type=image,push=true":      `no key "push"`,
		"type=registry":             "--push",
		"type=tar,tar=false,dest=a": "for type=oci",
		"type=oci,tar=maybe":        "true or false",
		"type=local":                "needs a dest",
		"type=oci,tar=false":        "needs a dest",
		`type=tar,"dest=a`:          "no list",
	} {
		if got, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %+v, %v, want %q", text, got, err, want)
		}
	}
}

// items are two images for two platforms each.
var items = []Item{{"a", "amd64"}, {"a", "arm64"}, {"b", "amd64"}, {"b", "arm64"}}

func TestPlaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, tc := range []struct {
		spec Spec
		want []string
		err  string
	}{
		{Spec{Type: "tar", Dest: "x-{name}-{arch}.tar"}, []string{"x-a-amd64.tar", "x-a-arm64.tar", "x-b-amd64.tar", "x-b-arm64.tar"}, ""},
		{Spec{Type: "tar", Dest: "new/"}, []string{"new/a-amd64.tar", "new/a-arm64.tar", "new/b-amd64.tar", "new/b-arm64.tar"}, ""},
		{Spec{Type: "docker", Dest: "."}, []string{"a-amd64.tar", "a-arm64.tar", "b-amd64.tar", "b-arm64.tar"}, ""},
		{Spec{Type: "local", Dest: "roots/", Folder: true}, []string{"roots/a-amd64", "roots/a-arm64", "roots/b-amd64", "roots/b-arm64"}, ""},
		{Spec{Type: "oci", Dest: "all.tar"}, []string{"all.tar"}, ""},
		{Spec{Type: "oci", Dest: "{name}.tar"}, []string{"a.tar", "b.tar"}, ""},
		{Spec{Type: "oci", Dest: "."}, []string{"images.tar"}, ""},
		{Spec{Type: "oci", Dest: "layout", Folder: true}, []string{"layout"}, ""},
		{Spec{Type: "tar", Dest: "one.tar"}, nil, "one.tar: type=tar holds one image for one platform"},
		{Spec{Type: "docker", Dest: "{name}.tar"}, nil, "writing 2 images"},
		{Spec{Type: "tar", Dest: "-"}, nil, "writing 4 images"},
	} {
		if tc.spec.Dest != stdout {
			slash := strings.HasSuffix(tc.spec.Dest, "/")
			tc.spec.Dest = filepath.Join(dir, tc.spec.Dest)
			if slash {
				tc.spec.Dest += "/"
			}
		}
		k, err := Open(tc.spec, items, io.Discard)
		if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%v: got %v, want %q", tc.spec, err, tc.err)
		}
		if err != nil {
			continue
		}
		var got []string
		for _, dest := range k.Dests([]int{0, 1, 2, 3}) {
			inside, _ := filepath.Rel(dir, dest)
			got = append(got, inside)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%v: got %q, want %q", tc.spec, got, tc.want)
		}
		if err := k.Abort(); err != nil {
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".oarbuild-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// write writes an item as the builder would.
func write(t *testing.T, k *Sink, item int, text string) {
	t.Helper()
	w, err := k.Export(item).Open()
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(w, text)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestNothingHalfWritten: a file takes its place when all is there, and what was
// there before stays until then.
func TestNothingHalfWritten(t *testing.T) {
	t.Parallel()
	dest := filepath.Join(t.TempDir(), "a.tar")
	if err := os.WriteFile(dest, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		commit bool
		want   string
	}{{false, "before"}, {true, "after"}} {
		k, err := Open(Spec{Type: "tar", Dest: dest}, items[:1], io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		write(t, k, 0, "after")
		if tc.commit {
			if _, err := k.Commit([]Image{{Items: []int{0}}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.Abort(); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(dest); err != nil || string(got) != tc.want {
			t.Errorf("got %q, %v, want %q", got, err, tc.want)
		}
		if left, _ := os.ReadDir(filepath.Dir(dest)); len(left) != 1 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestStandardOutput(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	k, err := Open(Spec{Type: "docker", Dest: stdout}, items[:1], &out)
	if err != nil {
		t.Fatal(err)
	}
	write(t, k, 0, "archive")
	if _, err := k.Commit([]Image{{Items: []int{0}}}); err != nil || out.String() != "archive" || len(k.Dests([]int{0})) != 0 {
		t.Errorf("got %q, %v, %q", out.String(), err, k.Dests([]int{0}))
	}
}

// TestAFolderIsNotLost: one that is no image layout is not replaced.
func TestAFolderIsNotLost(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "thesis"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"oci", "local"} {
		if _, err := Open(Spec{Type: kind, Dest: home, Folder: true}, items[:1], io.Discard); err == nil || !strings.Contains(err.Error(), "the folder is not empty") {
			t.Errorf("%s: got %v", kind, err)
		}
	}
}

// A folder with an image layout and more in it is not replaced.
func TestALayoutAmongOtherFilesIsNotLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"oci-layout", "index.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := replaceable(dir, true); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "thesis"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replaceable(dir, true); err == nil || !strings.Contains(err.Error(), "the folder is not empty") {
		t.Errorf("got %v", err)
	}
}

// What is no regular file, and the folder where the program runs, are refused
// before anything is built.
func TestDevicesAndTheWorkingFolderAreNotReplaced(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Symlink("/dev/null", "link"); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		spec Spec
		want string
	}{
		{Spec{Type: "tar", Dest: "/dev/null"}, "/dev/null: it is there, and is no regular file"},
		{Spec{Type: "docker", Dest: "link"}, "link: it is there, and is no regular file"},
		{Spec{Type: "oci", Dest: "/dev/null"}, "/dev/null: it is there, and is no regular file"},
		{Spec{Type: "local", Dest: ".", Folder: true}, "it is the working folder"},
		{Spec{Type: "local", Dest: dir, Folder: true}, "it is the working folder"},
		{Spec{Type: "oci", Dest: "./", Folder: true}, "it is the working folder"},
	} {
		k, err := Open(tc.spec, items[:1], io.Discard)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: got %v", tc.spec, err)
		}
		if err := k.Abort(); err != nil {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// layoutOf has a sink write both images, of which the builder wrote the parts.
func layoutOf(t *testing.T, spec Spec, out io.Writer) []string {
	t.Helper()
	k, err := Open(spec, items, out)
	if err != nil {
		t.Fatal(err)
	}
	parts := make([]v1.Image, len(items))
	for i := range items {
		if parts[i], err = random.Image(100, 1); err != nil {
			t.Fatal(err)
		}
		path, err := layout.FromPath(k.of[i].stage)
		if err != nil {
			path, err = layout.Write(k.of[i].stage, empty.Index)
		}
		if err == nil {
			err = path.WriteImage(parts[i])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var images []Image
	for n, name := range []string{"a", "b"} {
		own := []int{2 * n, 2*n + 1}
		images = append(images, Image{Items: own, Names: []string{name + ":1", name + ":2"}, Full: []string{"r/" + name + ":1", "r/" + name + ":2"},
			Compose: func(find func(v1.Hash) (v1.Image, error)) (v1.ImageIndex, error) {
				index := v1.ImageIndex(empty.Index)
				for _, i := range own {
					hash, _ := parts[i].Digest()
					image, err := find(hash)
					if err != nil {
						return nil, err
					}
					index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image})
				}
				return index, nil
			}})
	}
	digests, err := k.Commit(images)
	if err != nil {
		t.Fatal(err)
	}
	return digests
}

func TestALayoutHoldsAllImages(t *testing.T) {
	t.Parallel()
	dest := filepath.Join(t.TempDir(), "layout")
	for range 2 { // the second time over the first
		digests := layoutOf(t, Spec{Type: "oci", Dest: dest, Folder: true}, io.Discard)
		index, err := layout.ImageIndexFromPath(dest)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Index(index); err != nil {
			t.Error(err)
		}
		manifest, err := index.IndexManifest()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, m := range manifest.Manifests {
			names = append(names, m.Annotations[refName]+" "+m.Annotations[fullName]+" "+m.Digest.String())
		}
		want := []string{"a:1 r/a:1 " + digests[0], "a:2 r/a:2 " + digests[0], "b:1 r/b:1 " + digests[1], "b:2 r/b:2 " + digests[1]}
		if !slices.Equal(names, want) {
			t.Errorf("got %q, want %q", names, want)
		}
		if left, _ := os.ReadDir(filepath.Dir(dest)); len(left) != 1 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestALayoutAsAnArchive(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	layoutOf(t, Spec{Type: "oci", Dest: stdout}, &out)
	file := filepath.Join(t.TempDir(), "all.tar")
	layoutOf(t, Spec{Type: "oci", Dest: file}, io.Discard)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, archive := range [][]byte{out.Bytes(), data} {
		var names []string
		for r := tar.NewReader(bytes.NewReader(archive)); ; {
			header, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, header.Name)
		}
		if !slices.Contains(names, "index.json") || !slices.Contains(names, "oci-layout") || !slices.Contains(names, "blobs/sha256/") || slices.Contains(names, "ingest/") {
			t.Errorf("the archive holds %q", names)
		}
	}
}
