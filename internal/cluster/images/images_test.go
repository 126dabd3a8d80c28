package images_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster/images"
)

// fakeEngine is an engine and the registry that it would ask.
type fakeEngine struct {
	mu              sync.Mutex        // Ensure looks after its images side by side
	local, registry map[string]string // reference → digest, which is the ID as well
	down            bool
	silent          bool // the registry takes questions and answers none
	pulled          []string
}

func (e *fakeEngine) Image(_ context.Context, ref string) (string, []string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.local[ref], []string{e.local[ref]}, nil
}

func (e *fakeEngine) Published(ctx context.Context, ref string) (string, error) {
	if e.silent {
		<-ctx.Done()
		return "", ctx.Err()
	}
	if digest, ok := e.registry[ref]; ok && !e.down {
		return digest, nil
	}
	return "", errors.New("no answer")
}

func (e *fakeEngine) Pull(_ context.Context, ref string, told func(images.Layer)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	// All images share a base; each has a layer of its own.
	for _, l := range []images.Layer{
		{ID: "base"}, {ID: ref}, {ID: "base", Done: 1e6, Total: 9e6}, {ID: ref, Done: 2e6, Total: 2e6},
		{ID: "base", Ready: true}, {ID: ref, Ready: true},
	} {
		told(l)
	}
	e.pulled = append(e.pulled, ref)
	e.local[ref] = e.registry[ref]
	return nil
}

func TestEnsure(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, local, registry string
		down                  bool
		want, note, err       string
	}{
		{"there and current", "1", "1", false, "1", "", ""},
		{"missing", "", "1", false, "1", "pulling x", ""},
		{"the tag moved", "1", "2", false, "2", "pulling x", ""},
		{"registry down", "1", "2", true, "1", "taking 1 of 1 images as the engine has them", ""},
		{"registry down and missing", "", "2", true, "", "", "no answer"},
		{"nowhere", "", "", false, "", "", "no answer"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := &fakeEngine{local: map[string]string{}, registry: map[string]string{}, down: tc.down}
			if tc.local != "" {
				e.local["x"] = tc.local
			}
			if tc.registry != "" {
				e.registry["x"] = tc.registry
			}
			var notes []string
			ids, err := images.Ensure(t.Context(), e, []string{"x"}, func(s string) { notes = append(notes, s) }, nil)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil || ids["x"] != tc.want {
				t.Errorf("got %v, %v, want %q", ids, err, tc.want)
			}
			if got := strings.Join(notes, "\n"); !strings.HasPrefix(got, tc.note) || (tc.note == "") != (got == "") {
				t.Errorf("notes %q, want %q", got, tc.note)
			}
		})
	}
}

func TestEnsureLooksAfterEach(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{local: map[string]string{"a": "1"}, registry: map[string]string{"a": "1", "b": "2"}}
	ids, err := images.Ensure(t.Context(), e, []string{"a", "b"}, func(string) {}, nil)
	if err != nil || ids["a"] != "1" || ids["b"] != "2" || !slices.Equal(e.pulled, []string{"b"}) {
		t.Errorf("got %v, %v, pulled %q", ids, err, e.pulled)
	}
}

func TestEnsureEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := &fakeEngine{local: map[string]string{"a": "1"}, down: true}
	if _, err := images.Ensure(ctx, e, []string{"a"}, func(string) {}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A registry that never answers must not keep a cluster from what is there.
func TestEnsureWaitsForNoSilentRegistry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, begin := &fakeEngine{local: map[string]string{"a": "1"}, silent: true}, time.Now()
		ids, err := images.Ensure(t.Context(), e, []string{"a"}, func(string) {}, nil)
		if took := time.Since(begin); err != nil || ids["a"] != "1" || took > 15*time.Second {
			t.Errorf("got %v, %v after %s", ids, err, took)
		}
	})
}

func TestLocalNeverPulls(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{local: map[string]string{"a": "1"}, registry: map[string]string{"a": "2", "b": "2"}}
	ids, err := images.Local(t.Context(), e, []string{"a", "b"})
	if err != nil || ids["a"] != "1" || ids["b"] != "" || len(e.pulled) > 0 {
		t.Errorf("got %v, %v, pulled %q", ids, err, e.pulled)
	}
}

// What two images share comes once, and is counted once.
func TestEnsureMetersAllPullsTogether(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{local: map[string]string{}, registry: map[string]string{"a": "1", "b": "2"}}
	var told []images.Progress
	if _, err := images.Ensure(t.Context(), e, []string{"a", "b"}, func(string) {}, func(p images.Progress) { told = append(told, p) }); err != nil {
		t.Fatal(err)
	}
	last, end := told[len(told)-2], told[len(told)-1]
	if want := (images.Progress{Images: 2, Layers: 3, Ready: 3, Done: 13e6, Total: 13e6}); last != want || end != (images.Progress{}) {
		t.Errorf("got %+v, then %+v, want %+v, then nothing", last, end, want)
	}
	for i := range told[:len(told)-2] {
		if told[i+1].Done < told[i].Done || told[i+1].Ready < told[i].Ready {
			t.Errorf("it went back from %q to %q", told[i], told[i+1])
		}
	}
	if last.String() != "pulling images (2): 13 of 13 MB, 3 of 3 layers ready" || end.String() != "" {
		t.Errorf("got %q, %q", last, end)
	}
}

func TestEnsureMetersNothingWhenAllIsThere(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{local: map[string]string{"a": "1"}, registry: map[string]string{"a": "1"}}
	meter := func(p images.Progress) {
		if p != (images.Progress{}) {
			t.Errorf("got %q", p)
		}
	}
	if _, err := images.Ensure(t.Context(), e, []string{"a"}, func(string) {}, meter); err != nil {
		t.Fatal(err)
	}
}
