package engine

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// handing is an engine that hands out one archive for a folder of a container.
func handing(t *testing.T, entries ...tar.Header) *Docker {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range entries {
		text := "evil"
		if h.Typeflag != tar.TypeReg {
			text = ""
		}
		h.Mode, h.Size = 0o757, int64(len(text))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	stat, err := json.Marshal(container.PathStat{Name: "d", Mode: os.ModeDir | 0o755})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(stat))
		_, _ = out.Write(b.Bytes())
	}))
	t.Cleanup(server.Close)
	api, err := client.New(client.WithHost("tcp://"+strings.TrimPrefix(server.URL, "http://")), client.WithAPIVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	return &Docker{api: api}
}

// Root in a container decides what is in the archive of its folder.
func TestAnArchiveDoesNotLeadOut(t *testing.T) {
	t.Parallel()
	for name, entries := range map[string][]tar.Header{
		"a name":            {{Name: "d/", Typeflag: tar.TypeDir}, {Name: "d/../../victim/x", Typeflag: tar.TypeReg}},
		"an absolute name":  {{Name: "d/", Typeflag: tar.TypeDir}, {Name: "/victim/x", Typeflag: tar.TypeReg}},
		"a link":            {{Name: "d/", Typeflag: tar.TypeDir}, {Name: "d/l", Linkname: "../../victim", Typeflag: tar.TypeSymlink}, {Name: "d/l/x", Typeflag: tar.TypeReg}},
		"an absolute link":  {{Name: "d/", Typeflag: tar.TypeDir}, {Name: "d/l", Linkname: "VICTIM", Typeflag: tar.TypeSymlink}, {Name: "d/l/x", Typeflag: tar.TypeReg}},
		"another hard link": {{Name: "d/", Typeflag: tar.TypeDir}, {Name: "d/l", Linkname: "../../victim/old", Typeflag: tar.TypeLink}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := t.TempDir()
			victim, here := filepath.Join(base, "victim"), filepath.Join(base, "here")
			for _, err := range []error{os.Mkdir(victim, 0o700), os.Mkdir(here, 0o700), os.WriteFile(filepath.Join(victim, "old"), nil, 0o600)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			for i := range entries {
				entries[i].Linkname = strings.ReplaceAll(entries[i].Linkname, "VICTIM", victim)
			}
			err := handing(t, entries...).CopyOut(t.Context(), "c", "/d", here)
			left, _ := os.ReadDir(victim)
			if len(left) != 1 {
				t.Errorf("got %v, and the folder beside has %v", err, left)
			}
			if info, err := os.Stat(filepath.Join(here, "d", "l")); err == nil && info.Mode().IsRegular() {
				t.Error("a file from outside came in by a link")
			}
		})
	}
}

func TestAFolderComesOut(t *testing.T) {
	t.Parallel()
	here := t.TempDir()
	d := handing(t, tar.Header{Name: "d/", Typeflag: tar.TypeDir}, tar.Header{Name: "d/x y", Typeflag: tar.TypeReg})
	if err := d.CopyOut(t.Context(), "c", "d", here); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(here, "d", "x y")); err != nil || string(text) != "evil" {
		t.Errorf("got %q, %v", text, err)
	}
	if err := d.CopyOut(t.Context(), "c", "d/.", filepath.Join(here, "no", "such")); err == nil {
		t.Error("a folder was made for a folder")
	}
	var out bytes.Buffer
	if err := d.Archive(t.Context(), "c", "d", &out); err != nil || out.Len() < 2048 {
		t.Errorf("got %d bytes, %v", out.Len(), err)
	}
}

// What is no file does not keep the rest from coming, and modes are those of the host.
func TestAPipeIsLeftOut(t *testing.T) {
	t.Parallel()
	here := t.TempDir()
	d := handing(t, tar.Header{Name: "d/", Typeflag: tar.TypeDir}, tar.Header{Name: "d/pipe", Typeflag: tar.TypeFifo},
		tar.Header{Name: "d/null", Typeflag: tar.TypeChar}, tar.Header{Name: "d/x", Typeflag: tar.TypeReg})
	err := d.CopyOut(t.Context(), "c", "d", here)
	if err == nil || !strings.Contains(err.Error(), `leaving out "d/pipe": it is neither`) {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{"d", "d/x"} {
		if info, err := os.Stat(filepath.Join(here, name)); err != nil || info.Mode().Perm() != 0o757 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if left, _ := os.ReadDir(filepath.Join(here, "d")); len(left) != 1 {
		t.Errorf("came %v", left)
	}
}

func TestPathsInAContainer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "/.", "a": "/a", "/a/": "/a/", "a/.": "/a/.", "../../a": "/a"} {
		if got := inContainer(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
