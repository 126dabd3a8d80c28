package endpoint

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	controlapi "github.com/moby/buildkit/api/services/control"
	"google.golang.org/grpc"
)

func TestElsewhere(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"tcp://pi:1234": true, "ssh://me@pi": true, "tcp://10.0.0.1:1234": true, "tcp://[2001:db8::1]:1": true,
		"tcp://localhost:1234": false, "tcp://127.0.0.2:1234": false, "tcp://[::1]:1234": false, "ssh://me@LocalHost": false,
		"tcp://:1234": false, "unix:///run/b.sock": false, "docker-container://c": false, "b.sock": false,
	} {
		if got := Elsewhere(address); got != want {
			t.Errorf("Elsewhere(%q) is %v", address, got)
		}
	}
}

// TestABuilderCanBeRefused: wherever its address comes from, before anything is
// sent to it.
func TestABuilderCanBeRefused(t *testing.T) {
	refused := errors.New("not that one")
	for flag, env := range map[string]string{"tcp://pi:1": "", "": "tcp://pi:1"} {
		t.Setenv("BUILDKIT_HOST", env)
		o := quiet(t)
		o.Platforms = amd64
		if flag != "" {
			o.Specs = Specs{"": flag}
		}
		o.Accept = func(address string) error {
			if address != "tcp://pi:1" {
				t.Errorf("asked about %q", address)
			}
			return refused
		}
		if _, err := Find(t.Context(), o); !errors.Is(err, refused) {
			t.Errorf("--builder %q, BUILDKIT_HOST %q: %v", flag, env, err)
		}
	}
}

// TestANetworkWithoutTLSIsWarnedOf: what a builder is given could be read there;
// the loopback is no network. 0.0.0.0 is this machine, and no loopback.
func TestANetworkWithoutTLSIsWarnedOf(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	controlapi.RegisterControlServer(server, &fake{version: "v0.33.1", workers: 1})
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	port := listener.Addr().(*net.TCPAddr).Port
	for host, want := range map[string]bool{"127.0.0.1": false, "0.0.0.0": true} {
		var warned []string
		o := quiet(t)
		o.Specs, o.Platforms = Specs{"": fmt.Sprintf("tcp://%s:%d", host, port)}, amd64
		o.Warn = func(line string) { warned = append(warned, line) }
		set, err := Find(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		set.Close()
		if (len(warned) == 1 && strings.Contains(warned[0], "--builder-tlsdir")) != want {
			t.Errorf("%s: warned of %q", host, warned)
		}
	}
}
