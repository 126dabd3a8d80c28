package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// What a deploy that replaces the server, or finds it gone, may meet at a call.
var replacements = map[string]func(t *testing.T, w *world){
	"moved tag": func(_ *testing.T, w *world) { w.Images[repository+"/server:"+tag] = "sha256:moved" },
	"server gone": func(t *testing.T, w *world) {
		if err := w.RemoveContainer(t.Context(), "oarcluster_server"); err != nil {
			t.Fatal(err)
		}
	},
}

// For every call of a deploy over a cluster whose server is made anew: when it fails or
// is interrupted there, the users' homes stay, and the next deploy succeeds with them.
func TestHomesOutliveAFailedReplacement(t *testing.T) {
	t.Parallel()
	for cause, change := range replacements {
		for n := 1; n <= replacing(t, change); n++ {
			for _, kind := range []string{"error", "interrupt"} {
				t.Run(fmt.Sprint(cause, " ", kind, " ", n), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					w.deploy(t, 1)
					change(t, w)
					ctx, cancel := context.WithCancel(t.Context())
					fault := at(n, func() error { cancel(); return errFault })
					if kind == "error" {
						fault = at(n, func() error { return errFault })
					}
					w.Before = both(fault, homeStays(t))
					if _, err := w.o.Deploy(ctx, w.spec); err == nil {
						t.Error("a deploy succeeded in spite of its fault")
					}
					w.Before = homeStays(t)
					if !slices.Contains(w.Objects(), "volume oarcluster_home") {
						t.Errorf("the homes are gone from %q", w.Objects())
					}
					w.deploy(t, 1)
					w.expect(t, cluster2(1))
				})
			}
		}
	}
}

// A folder in the place of the homes, and its end, leave the volume alone.
func TestHomesOutliveAFolderInTheirPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, 1)
	w.Before = homeStays(t)
	w.spec.Volumes = []cluster.Volume{{Host: t.TempDir(), Container: "/home"}}
	w.deploy(t, 1)
	w.expect(t, cluster2(1))
	w.spec.Volumes = []cluster.Volume{}
	w.deploy(t, 1)
	w.expect(t, cluster2(1))
}

// replacing counts the changing calls of a deploy after the change.
func replacing(t *testing.T, change func(*testing.T, *world)) int {
	t.Helper()
	w := newWorld(t)
	w.deploy(t, 1)
	change(t, w)
	var n atomic.Int32
	w.Before = func(string) error { n.Add(1); return nil }
	w.deploy(t, 1)
	return int(n.Load())
}

// homeStays is an engine's hook that tells when the homes' volume is removed.
func homeStays(t *testing.T) func(string) error {
	return func(call string) error {
		if strings.HasPrefix(call, "remove volume oarcluster_home") {
			t.Error(call)
		}
		return nil
	}
}

// both calls two hooks.
func both(a, b func(string) error) func(string) error {
	return func(call string) error { return errors.Join(a(call), b(call)) }
}
