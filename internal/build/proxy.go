package build

import (
	"cmp"
	"os"
	"strings"

	"github.com/oarcluster/oarcluster/llb"
)

// proxy returns the way out that this process was given in its environment. Steps
// that may use the network get it, so that they find out where this program does.
func proxy() llb.Proxy {
	env := func(name string) string { return cmp.Or(os.Getenv(strings.ToLower(name)), os.Getenv(name)) }
	return llb.Proxy{HTTP: env("HTTP_PROXY"), HTTPS: env("HTTPS_PROXY"), All: env("ALL_PROXY"), No: env("NO_PROXY")}
}
