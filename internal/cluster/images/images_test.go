package images_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/images"
)

// fakeEngine is an engine and the registry that it would ask.
type fakeEngine struct {
	mu              sync.Mutex        // Ensure looks after its images side by side
	local, registry map[string]string // reference → digest, which is the ID as well
	down            bool
	pulled          []string
}

func (e *fakeEngine) Image(_ context.Context, ref string) (string, []string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.local[ref], []string{e.local[ref]}, nil
}

func (e *fakeEngine) Published(_ context.Context, ref string) (string, error) {
	if digest, ok := e.registry[ref]; ok && !e.down {
		return digest, nil
	}
	return "", errors.New("no answer")
}

func (e *fakeEngine) Pull(_ context.Context, ref string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
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
			ids, err := images.Ensure(t.Context(), e, []string{"x"}, func(s string) { notes = append(notes, s) })
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
	ids, err := images.Ensure(t.Context(), e, []string{"a", "b"}, func(string) {})
	if err != nil || ids["a"] != "1" || ids["b"] != "2" || !slices.Equal(e.pulled, []string{"b"}) {
		t.Errorf("got %v, %v, pulled %q", ids, err, e.pulled)
	}
}

func TestEnsureEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := &fakeEngine{local: map[string]string{"a": "1"}, down: true}
	if _, err := images.Ensure(ctx, e, []string{"a"}, func(string) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestLocalNeverPulls(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{local: map[string]string{"a": "1"}, registry: map[string]string{"a": "2", "b": "2"}}
	ids, err := images.Local(t.Context(), e, []string{"a", "b"})
	if err != nil || ids["a"] != "1" || ids["b"] != "" || len(e.pulled) > 0 {
		t.Errorf("got %v, %v, pulled %q", ids, err, e.pulled)
	}
}
