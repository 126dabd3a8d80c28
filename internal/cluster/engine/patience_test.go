package engine

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster/images"
)

// stalled is an engine that begins to answer a pull, and then says no more.
func stalled(t *testing.T) *Docker {
	t.Helper()
	end := make(chan struct{})
	d := dialed(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		if !strings.HasSuffix(r.URL.Path, "/images/create") {
			return
		}
		fmt.Fprintln(w, `{"status":"Pulling fs layer","id":"a"}`)
		w.(http.Flusher).Flush()
		<-end
	})
	t.Cleanup(func() { close(end) })
	return d
}

func TestAPullThatStallsEnds(t *testing.T) {
	d := stalled(t)
	// How long a loaded machine takes for the first words nobody knows.
	for limit := 100 * time.Millisecond; ; limit *= 8 {
		d.connections.ResponseHeaderTimeout = limit
		layers := 0
		err := d.Pull(t.Context(), "registry.invalid/x/y:1", func(images.Layer) { layers++ })
		if layers == 1 && err != nil && strings.Contains(err.Error(), fmt.Sprintf(`pulling "registry.invalid/x/y:1": the engine told nothing of it for %s`, limit)) {
			return
		}
		if limit > time.Minute {
			t.Fatalf("got %d layers, %v", layers, err)
		}
	}
}

// --timeout makes the wait for an answer longer, and never shorter than a busy engine needs.
func TestPatience(t *testing.T) {
	d := stalled(t)
	for limit, want := range map[time.Duration]time.Duration{0: patience, time.Second: patience, time.Hour: time.Hour} {
		if d.Patience(limit); d.connections.ResponseHeaderTimeout != want {
			t.Errorf("%s: got %s", limit, d.connections.ResponseHeaderTimeout)
		}
	}
}
