package build

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/buildkit"
)

// The program's own registry, when another user serves it, is read and not pushed to.
func TestAPushThatWouldBeRefusedIsNotBegun(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if w.Header().Set("Server", "oarcluster"); r.Method == http.MethodPost {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer server.Close()
	o := Options{Registry: strings.TrimPrefix(server.URL, "http://") + "/oar", IfChanged: true, Err: &bytes.Buffer{}}
	stop, err := o.serveRegistry(t.Context())
	if err != nil {
		t.Errorf("reading: %v", err)
	}
	stop()
	o.To = buildkit.Registry
	if _, err = o.serveRegistry(t.Context()); err == nil {
		t.Error("pushing is not refused")
	}
}
