package registry

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/registry/registrytest"
)

// TestARegistryThatIsBusyIsWaitedFor: what a request says must arrive whole after
// the time that the registry named, and no earlier.
func TestARegistryThatIsBusyIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, after string
		code        int
		busy        int // answers before the good one
		waits       []time.Duration
		want        int
	}{
		{"seconds", "7", 429, 1, []time.Duration{7 * time.Second}, 200},
		{"twice", "1", 429, 2, []time.Duration{time.Second, time.Second}, 200},
		{"without a time", "", 429, 1, []time.Duration{defaultPause}, 200},
		{"a date that is over", "Fri, 31 Dec 1999 23:59:59 GMT", 429, 1, []time.Duration{100 * time.Millisecond}, 200},
		{"too long a time", "86400", 429, 1, []time.Duration{longestPause}, 200},
		{"for ever", "60", 429, 99, []time.Duration{longestPause, longestPause, longestPause}, 429},
		{"away for a while", "3", 503, 1, []time.Duration{3 * time.Second}, 200},
		{"broken", "", 503, 1, nil, 503},
		{"refused", "3", 403, 1, nil, 403},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			left := tc.busy
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); err != nil || string(body) != "data" {
					t.Errorf("it said %q, %v", body, err)
				}
				if left--; left >= 0 {
					if tc.after != "" {
						w.Header().Set("Retry-After", tc.after)
					}
					w.WriteHeader(tc.code)
				}
			}))
			defer server.Close()
			var waits []time.Duration
			client := http.Client{Transport: patient{http.DefaultTransport, func(_ *http.Request, d time.Duration) error {
				waits = append(waits, d)
				return nil
			}}}
			response, err := client.Post(server.URL, "text/plain", strings.NewReader("data"))
			if err != nil || response.StatusCode != tc.want {
				t.Fatalf("got %v, %v, want %d", response, err, tc.want)
			}
			response.Body.Close()
			if len(waits) != len(tc.waits) || len(waits) > 0 && waits[0] != tc.waits[0] {
				t.Errorf("waited %v, want %v", waits, tc.waits)
			}
		})
	}
}

// TestPublishingToABusyRegistry: every second write is one too many, and all is
// published none the less.
func TestPublishingToABusyRegistry(t *testing.T) {
	t.Parallel()
	handler, err := newHandler(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var puts atomic.Int32
	server := registrytest.Over(t, handler)
	repository := server.Host + "/oar/x"
	m := push(t, repository, "amd64")
	server.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || puts.Add(1)%2 == 0 {
			return false
		}
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	m.Statements = []Statement{statement}
	index, err := Publish(t.Context(), repository, []string{"x"}, []Manifest{m}, map[string]string{"k": "v"})
	if err != nil {
		t.Fatal(err)
	}
	if notes, err := Annotations(t.Context(), repository+"@"+index); err != nil || notes["k"] != "v" || puts.Load() < 6 {
		t.Errorf("got %v, %v after %d writes", notes, err, puts.Load())
	}
}
