package engine

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/images"
)

// speaks is an engine that answers each path with a text.
func speaks(t *testing.T, answers map[string]string) *Docker {
	t.Helper()
	return dialed(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		for path, text := range answers {
			if strings.HasSuffix(r.URL.Path, path) {
				status, text, _ := strings.Cut(text, " ")
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(map[string]int{"200": 200, "500": 500}[status])
				fmt.Fprintln(w, strings.ReplaceAll(text, "QUERY", r.URL.RawQuery))
			}
		}
	})
}

// podmans is how Podman's engine answers the question who it is.
const podmans = `200 {"Version": "5.4.2", "ApiVersion": "1.41", "Arch": "amd64", "Components": [{"Name": "Podman Engine"}]}`

// Only of a registry of the loopback Podman is asked in its own words.
func TestPodmanPullsWithoutTLSFromTheLoopback(t *testing.T) {
	const own, dockers = "/libpod/images/pull", "/images/create"
	for _, tc := range []struct{ ref, path, answer, want string }{
		{"localhost:5000/x/y:1", own, `200 {"status": "Pulling fs layer", "id": "a"}`, ""},
		{"localhost:5000/x/y:1", own, `200 {"errorDetail": {"message": "QUERY"}}`, "compatMode=true&reference=localhost%3A5000%2Fx%2Fy%3A1&tlsVerify=false"},
		{"localhost:5000/x/y:1", own, `500 {"message": "connection refused"}`, "connection refused"},
		{"localhost:5000/x/y:1", own, `500 torn`, "the engine answered 500"},
		{"localhost:5000/x/y:1", own, `200 torn`, "invalid character"},
		{"registry.invalid/x/y:1", dockers, `200 {"errorDetail": {"message": "no such host"}}`, "no such host"},
	} {
		d := speaks(t, map[string]string{"/version": podmans, tc.path: tc.answer})
		layers := 0
		err := d.Pull(t.Context(), tc.ref, func(images.Layer) { layers++ })
		if tc.want == "" && (err != nil || layers != 1) || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s, %s: got %d layers, %v", tc.ref, tc.answer, layers, err)
		}
	}
}
