// Package proxy reads which way out this process was given in its environment,
// for all that finds out where this program does: steps, and the builders that
// it starts.
package proxy

import (
	"cmp"
	"os"
	"strings"

	"github.com/oarcluster/oarcluster/llb"
)

// get returns a variable's value: in lower case first, as curl and apt have it.
func get(name string) string { return cmp.Or(os.Getenv(strings.ToLower(name)), os.Getenv(name)) }

// Environment returns the way out.
func Environment() llb.Proxy {
	return llb.Proxy{HTTP: get("HTTP_PROXY"), HTTPS: get("HTTPS_PROXY"), All: get("ALL_PROXY"), No: get("NO_PROXY")}
}

// Variables returns it for the environment of another process (NAME=value), in
// either case, for each program has its own habit.
func Variables() []string {
	var list []string
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"} {
		if value := get(name); value != "" {
			list = append(list, name+"="+value, strings.ToLower(name)+"="+value)
		}
	}
	return list
}
