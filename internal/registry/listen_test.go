package registry

import (
	"net"
	"testing"
)

// Clients ask either address of localhost, and another user must have neither.
func TestLocalhostIsServedAtBothItsAddresses(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6: %v", err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	if all, err := listen(t.Context(), "localhost:"+port); err == nil {
		closeAll(all)
		t.Error("one address is somebody else's, and the other is served")
	}
	free.Close()
	stop, serving, err := EnsureLoopback(t.Context(), "localhost:"+port+"/x", t.TempDir(), false)
	if err != nil || !serving {
		t.Fatalf("serving %v, %v", serving, err)
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		if ours, err := probe(t.Context(), net.JoinHostPort(host, port)); err != nil || !ours {
			t.Errorf("at %s: ours %v, %v", host, ours, err)
		}
	}
	stop()
	for _, host := range []string{"127.0.0.1", "::1"} {
		listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
		if err != nil {
			t.Errorf("it is not left: %v", err)
			continue
		}
		listener.Close()
	}
}
