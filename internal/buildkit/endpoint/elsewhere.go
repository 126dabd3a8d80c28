package endpoint

import (
	"net/netip"
	"net/url"
	"strings"
)

// inTheClear warns of a builder that is spoken to over a network without TLS.
func inTheClear(address string) string {
	return "the builder at " + address + " is spoken to without TLS: credentials of registries, secrets and the ssh agent are open to the network between; give it certificates with --builder-tlsdir, or reach it by ssh://"
}

// Elsewhere reports whether a builder's address is on another machine, which
// has a loopback of its own.
func Elsewhere(address string) bool {
	at, err := url.Parse(address)
	if err != nil || at.Scheme != "tcp" && at.Scheme != "ssh" {
		return false
	}
	host := at.Hostname()
	if host == "" || strings.EqualFold(host, "localhost") {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err != nil || !ip.Unmap().IsLoopback()
}
