package build

import (
	"testing"

	"github.com/oarcluster/oarcluster/llb"
)

func TestTheProxyOfTheEnvironment(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	if got := proxy(); got != (llb.Proxy{}) {
		t.Errorf("without any: %+v", got)
	}
	t.Setenv("HTTP_PROXY", "http://upper")
	t.Setenv("http_proxy", "http://lower")
	t.Setenv("HTTPS_PROXY", "http://secure")
	t.Setenv("no_proxy", "localhost")
	if got, want := proxy(), (llb.Proxy{HTTP: "http://lower", HTTPS: "http://secure", No: "localhost"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
