package engine

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// serve makes the handler the Engine of DOCKER_HOST.
func serve(t *testing.T, handler http.HandlerFunc) *Engine {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	t.Setenv("DOCKER_HOST", "unix://"+socket)
	e, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestFindTakesUnixSocketsAlone(t *testing.T) {
	t.Setenv("DOCKER_HOST", "")
	if e, err := Find(); err != nil || e.Socket != "/var/run/docker.sock" {
		t.Errorf("got %v, %v", e, err)
	}
	t.Setenv("DOCKER_HOST", "tcp://example.org:2375")
	if _, err := Find(); err == nil || !strings.Contains(err.Error(), "only unix sockets") {
		t.Errorf("got %v", err)
	}
}

func TestCall(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/v1.41/echo":
			fmt.Fprintf(w, `{"Got": %q}`, r.Method+" "+r.Header.Get("Content-Type")+" "+string(body))
		case "/v1.41/gone":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"message": "no such thing"}`)
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	var got struct{ Got string }
	if err := e.Call(t.Context(), "POST", "/echo", map[string]int{"a": 1}, &got); err != nil || got.Got != `POST application/json {"a":1}` {
		t.Errorf("got %q, %v", got.Got, err)
	}
	if err := e.Call(t.Context(), "DELETE", "/echo", nil, nil); err != nil {
		t.Error(err)
	}
	if err := e.Call(t.Context(), "GET", "/gone", nil, nil); !Missing(err) || err.Error() != "no such thing" {
		t.Errorf("got %v", err)
	}
	if err := e.Call(t.Context(), "GET", "/broken", nil, nil); Missing(err) || err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("got %v", err)
	}
	if data, err := e.Read(t.Context(), "/echo"); err != nil || !strings.Contains(string(data), "GET") {
		t.Errorf("got %s, %v", data, err)
	}
}

func TestAnErrorInAStream(t *testing.T) {
	answer := ""
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, answer)
	})
	for text, want := range map[string]string{
		`{"stream":"x"}`:                  "",
		`{"stream":"x"} {"error":"full"}`: "full",
		`no JSON`:                         "invalid",
	} {
		answer = text
		err := e.Stream(t.Context(), "/images/load", strings.NewReader("tar"))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// TestUpgrade: what the Engine says at once after the switch must not be lost.
func TestUpgrade(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1.41/none" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\nhello %s\n", r.Header.Get("Upgrade"), r.Header.Get("X-Who"))
		line, _ := bufio.NewReader(conn).ReadString('\n')
		fmt.Fprintf(conn, "got %s", line)
	})
	conn, err := e.Upgrade(t.Context(), "/grpc", "h2c", map[string][]string{"X-Who": {"me"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(conn, "bye")
	if got, err := io.ReadAll(conn); err != nil || string(got) != "hello me\ngot bye\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := e.Upgrade(t.Context(), "/none", "h2c", nil); !Missing(err) {
		t.Errorf("got %v", err)
	}
}
