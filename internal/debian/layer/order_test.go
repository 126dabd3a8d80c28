package layer

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian/control"
	"github.com/oarcluster/oarcluster/internal/debian/deb/debtest"
)

// field makes a stanza of one field.
func field(name, value string) control.Stanza { return control.Stanza{{Name: name, Value: value}} }

// names are those of packages.
func names(packages []*contents) string {
	var all []string
	for _, p := range packages {
		all = append(all, p.deb.Package.Name)
	}
	return strings.Join(all, " ")
}

func TestInOrder(t *testing.T) {
	t.Parallel()
	for want, packages := range map[string][]*contents{
		"":                    nil,
		"base-files a b":      {known("b", nil, ""), known("base-files", nil, ""), known("a", nil, "")},
		"c a b":               {known("a", field("Replaces", "c (<< 2), x"), ""), known("b", nil, ""), known("c", nil, "")},
		"d b a":               {known("a", field("Replaces", "b | d"), ""), known("b", field("Replaces", "d:any"), ""), known("d", nil, "")},
		"loop2 loop1":         {known("loop1", field("Replaces", "loop2"), ""), known("loop2", field("Replaces", "loop1"), "")},
		"base-files dpkg":     {known("dpkg", nil, ""), known("base-files", field("Replaces", "dpkg (<= 1.15.0)"), "")},
		"base-files a itself": {known("itself", field("Replaces", "itself"), ""), known("a", nil, ""), known("base-files", nil, "")},
	} {
		for range 3 {
			if got := names(inOrder(packages)); got != want {
				t.Errorf("order %q, want %q", got, want)
			}
			if len(packages) > 0 {
				packages = append(packages[1:], packages[0])
			}
		}
	}
}

func TestPreDependsOrder(t *testing.T) {
	t.Parallel()
	packages := []*contents{
		known("a", field("Pre-Depends", "c (>= 1), elsewhere"), ""), known("b", nil, ""),
		known("c", field("Pre-Depends", "d | b"), ""), known("d", field("Pre-Depends", "a"), ""),
	}
	if got := names(preDependsOrder(packages)); got != "d b c a" {
		t.Errorf("order %q", got)
	}
}

func TestRelationNames(t *testing.T) {
	t.Parallel()
	for field, want := range map[string][]string{
		"":                                     nil,
		"a":                                    {"a"},
		"a (>= 1.0), b|c:any, d(<< 2) [amd64]": {"a", "b", "c", "d"},
		"a,\n b (= 1)":                         {"a", "b"},
	} {
		if got := relationNames(field); !slices.Equal(got, want) {
			t.Errorf("relationNames(%q) = %q, want %q", field, got, want)
		}
	}
}

func TestStreamsKeepOrderAndErrors(t *testing.T) {
	t.Parallel()
	var packages []*contents
	for i := range 30 {
		d := made(t, "p", "", nil, debtest.File("./x", 0o644, strings.Repeat(string(rune('a'+i)), 1000*i)))
		packages = append(packages, &contents{deb: d})
	}
	if err := os.WriteFile(packages[20].deb.Path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i, s := range prefetch(ctx, packages) {
		data, err := io.ReadAll(s)
		s.done()
		switch {
		case i == 20 && err == nil:
			t.Error("a broken .deb was read")
		case i != 20 && (err != nil || !strings.Contains(string(data), strings.Repeat(string(rune('a'+i)), 1000*i))):
			t.Errorf("stream %d: %d bytes, error %v", i, len(data), err)
		}
	}
}

func TestStreamsEndWhenCancelled(t *testing.T) {
	t.Parallel()
	var packages []*contents
	for range 40 {
		packages = append(packages, &contents{deb: made(t, "p", "", nil, debtest.File("./x", 0o644, strings.Repeat("x", chunkSize)))})
	}
	ctx, cancel := context.WithCancel(context.Background())
	streams := prefetch(ctx, packages)
	if _, err := io.ReadAll(streams[0]); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(streams[39]); !errors.Is(err, context.Canceled) {
		t.Errorf("the last stream ends with %v", err)
	}
	for _, s := range streams {
		for range s.full {
		}
	}
}
