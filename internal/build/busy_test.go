package build

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestABusyRegistryIsPushedToAgain(t *testing.T) {
	t.Parallel()
	busy := errors.New("failed to push: unexpected status from PUT request to http://x: 429 Too Many Requests")
	for _, tc := range []struct {
		name    string
		answers []error
		want    error
		tries   int
	}{
		{"at once", []error{nil}, nil, 1},
		{"the second time", []error{busy, nil}, nil, 2},
		{"never", []error{busy, busy, busy}, busy, 3},
		{"of another cause", []error{context.DeadlineExceeded}, context.DeadlineExceeded, 1},
	} {
		var said bytes.Buffer
		tries := 0
		_, err := patiently(t.Context(), Options{Registry: "r", Err: &said}, []time.Duration{1, 1}, func() ([]string, error) {
			tries++
			return nil, tc.answers[tries-1]
		})
		if !errors.Is(err, tc.want) || tries != tc.tries || strings.Count(said.String(), "too many requests") != tc.tries-1 {
			t.Errorf("%s: %v after %d tries, said %q", tc.name, err, tries, &said)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := patiently(ctx, Options{Err: &bytes.Buffer{}}, []time.Duration{time.Hour}, func() ([]string, error) { return nil, busy }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// Between two processes that serve the registry of this machine nobody does.
func TestARegistryThatChangesHandsIsPushedToAgain(t *testing.T) {
	t.Parallel()
	refused := errors.New(`failed to do request: Head "http://localhost:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused`)
	elsewhere := errors.New(`failed to do request: Head "https://example.org/v2/": dial tcp 192.0.2.1:443: connect: connection refused`)
	for _, tc := range []struct {
		registry string
		err      error
		want     int
	}{
		{"localhost:1/oar", refused, 2},
		{"localhost:10/oar", refused, 1},
		{"localhost:1/oar", elsewhere, 1},
		{"example.org/oar", elsewhere, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			var said bytes.Buffer
			tries := 0
			_, err := patiently(t.Context(), Options{Registry: tc.registry, Err: &said}, nil, func() ([]string, error) {
				if tries++; tries == 1 {
					return nil, tc.err
				}
				return nil, nil
			})
			if tries != tc.want || (err == nil) != (tc.want == 2) || strings.Contains(said.String(), "did not listen") != (tc.want == 2) {
				t.Errorf("%s, %v: %v after %d tries, said %q", tc.registry, tc.err, err, tries, &said)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		_, err := patiently(t.Context(), Options{Registry: "localhost:1/oar", Err: &bytes.Buffer{}}, nil, func() ([]string, error) { tries++; return nil, refused })
		if err != refused || tries != 1+handovers {
			t.Errorf("nobody ever listens: %v after %d tries", err, tries)
		}
	})
}
