package proxy

import (
	"slices"
	"testing"

	"github.com/oarcluster/oarcluster/llb"
)

func TestTheProxyOfTheEnvironment(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	if got := Environment(); got != (llb.Proxy{}) {
		t.Errorf("without any: %+v", got)
	}
	t.Setenv("HTTP_PROXY", "http://upper")
	t.Setenv("http_proxy", "http://lower")
	t.Setenv("HTTPS_PROXY", "http://secure")
	t.Setenv("ALL_PROXY", "socks5://all")
	t.Setenv("no_proxy", "localhost")
	if got, want := Environment(), (llb.Proxy{HTTP: "http://lower", HTTPS: "http://secure", All: "socks5://all", No: "localhost"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := Variables(), []string{
		"HTTP_PROXY=http://lower", "http_proxy=http://lower", "HTTPS_PROXY=http://secure", "https_proxy=http://secure",
		"ALL_PROXY=socks5://all", "all_proxy=socks5://all", "NO_PROXY=localhost", "no_proxy=localhost",
	}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
