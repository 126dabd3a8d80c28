package mirror

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// debA is where the fake mirror has the .deb of package a.
const debA = "/debian/pool/a+1.deb"

func TestFetchEndures(t *testing.T) {
	t.Parallel()
	whole := bytes.Repeat([]byte("a"), 100_000)
	swapped := strings.Repeat("x", 100_000)
	for _, tc := range []struct {
		name   string
		faults []http.HandlerFunc
		want   []string // requests of the .deb
	}{
		{"5xx", []http.HandlerFunc{status(500), status(503)}, []string{"", "", ""}},
		{"429 that says when", []http.HandlerFunc{status(429, "Retry-After", "7")}, []string{"", ""}},
		{"cut, then resumed", []http.HandlerFunc{cutAfter(40_000, whole), cutAfter(20_000, whole)}, []string{"", " bytes=40000-", " bytes=60000-"}},
		{"cut more often than it fails in a row", slices.Repeat([]http.HandlerFunc{cutAfter(10_000, whole)}, 8),
			[]string{"", " bytes=10000-", " bytes=20000-", " bytes=30000-", " bytes=40000-", " bytes=50000-", " bytes=60000-", " bytes=70000-", " bytes=80000-"}},
		{"no ranges", []http.HandlerFunc{cutAfter(40_000, whole), body(string(whole))}, []string{"", " bytes=40000-"}},
		{"wrong range", []http.HandlerFunc{cutAfter(40_000, whole), status(206, "Content-Range", "bytes 7-9/10")}, []string{"", " bytes=40000-", ""}},
		{"range refused", []http.HandlerFunc{cutAfter(40_000, whole), status(416)}, []string{"", " bytes=40000-", ""}},
		{"a bad copy once", []http.HandlerFunc{body(swapped)}, []string{"", ""}},
		{"bad bytes, then resumed", []http.HandlerFunc{cutAfter(40_000, []byte(swapped))}, []string{"", " bytes=40000-", ""}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			a := open(t, f.source(t))
			pauses := hurry(a)
			packages := resolve(t, a)
			f.Requests()
			f.Fault(debA, tc.faults...)
			if err := a.Fetch(t.Context(), packages[:1]); err != nil {
				t.Fatal(err)
			}
			got := f.Requests()
			for i := range got {
				got[i] = strings.TrimPrefix(got[i], debA)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("requests %q, want %q", got, tc.want)
			}
			if strings.HasPrefix(tc.name, "429") && !slices.Equal(*pauses, []time.Duration{7 * time.Second}) {
				t.Errorf("paused %v", *pauses)
			}
			if data, err := os.ReadFile(a.Deb(packages[0])); err != nil || !bytes.Equal(data, whole) {
				t.Errorf("%d bytes, %v", len(data), err)
			}
		})
	}
}

func TestFetchGivesUp(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, want, hint string
		requests         int
		fault            http.HandlerFunc
	}{
		{"403", `the mirror answers "403 Forbidden"`, "check the proxy settings", 1, status(403)},
		{"500 for ever", `the mirror answers "500 Internal Server Error" (tried 5 times)`, "check the network", 5, status(500)},
		{"429 until tomorrow", `the mirror answers "429 Too Many Requests"`, "asks to wait 24h0m0s", 1, status(429, "Retry-After", "86400")},
		{"too short", "got a file of at least 4 bytes, expected 100000", "serves another file", 1, body("tiny")},
		{"too long", "got a file of at least 200000 bytes, expected 100000", "serves another file", 1, body(strings.Repeat("a", 200_000))},
		{"too long, and does not say so", "got a file of at least 100001 bytes, expected 100000", "serves another file", 1,
			func(w http.ResponseWriter, _ *http.Request) {
				w.(http.Flusher).Flush()
				w.Write(bytes.Repeat([]byte("a"), 200_000))
			}},
		{"other bytes", "got a file with SHA-256 " + digest(bytes.Repeat([]byte("x"), 100_000)) + ", expected ", "changed on its way", 2, body(strings.Repeat("x", 100_000))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			a := open(t, f.source(t))
			packages := resolve(t, a)
			f.Requests()
			f.Fault(debA, slices.Repeat([]http.HandlerFunc{tc.fault}, 9)...)
			err := a.Fetch(t.Context(), packages[:1])
			if err == nil || !strings.Contains(err.Error(), "package a: fetching "+f.URL+"/debian/pool/a%2B1.deb: "+tc.want) || !strings.Contains(hint(err), tc.hint) {
				t.Errorf("got %v, hint %q", err, hint(err))
			}
			if got := f.Requests(); len(got) != tc.requests {
				t.Errorf("%d requests: %v", len(got), got)
			}
			if !missing(a.Deb(packages[0])) {
				t.Error("there is something in the store")
			}
		})
	}
}

func TestStalledConnectionIsCutAndResumed(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := open(t, f.source(t))
	packages := resolve(t, a)
	a.client.stall = 500 * time.Millisecond // longer than this machine ever sleeps
	f.Fault(debA, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100000")
		w.Write(bytes.Repeat([]byte("a"), 60_000))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	if err := a.Fetch(t.Context(), packages[:1]); err != nil {
		t.Fatal(err)
	}
	if took := f.Requests(); !slices.Contains(took, debA+" bytes=60000-") {
		t.Errorf("requests %v", took)
	}
}

func TestASlowDripIsGivenUp(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := open(t, f.source(t))
	packages := resolve(t, a)
	a.client.stall = 500 * time.Millisecond
	drip := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte("a")); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	}
	f.Fault(debA, slices.Repeat([]http.HandlerFunc{drip}, attempts)...)
	err := a.Fetch(t.Context(), packages[:1])
	if err == nil || !strings.Contains(err.Error(), "the connection gives less than 1024 bytes a second (tried 5 times)") || !strings.Contains(hint(err), "--mirror") {
		t.Fatalf("got %v, hint %q", err, hint(err))
	}
	if err := a.Fetch(t.Context(), packages[:1]); err != nil {
		t.Errorf("the next run: %v", err)
	}
}

func TestWhatTheMirrorDoesNotHaveIsToldAtOnce(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := open(t, f.source(t))
	packages := resolve(t, a)
	f.Fault(debA, status(404))
	f.Fault(strings.ReplaceAll(debA, "a+1", "b+1"), status(404))
	err := a.Fetch(t.Context(), packages)
	v, ok := errors.AsType[*Vanished](err)
	if !ok || len(v.Packages) != 2 || v.Offline || err.Error() != "fetching packages: the mirror does not have a+1.deb, b+1.deb" || !strings.Contains(hint(err), "middle of an update") {
		t.Fatalf("got %v, hint %q", err, hint(err))
	}
	if err := a.Fetch(t.Context(), packages); err != nil {
		t.Errorf("when it has them again: %v", err)
	}
	many := &Vanished{Packages: slices.Repeat(packages, 10)}
	if text := many.Error(); !strings.HasSuffix(text, ", and 12 more") {
		t.Errorf("got %s", text)
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := open(t, f.source(t))
	packages := resolve(t, a)
	ctx, cancel := context.WithCancel(t.Context())
	f.Fault(debA, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if err := a.Fetch(ctx, packages); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
