package endpoint

import (
	"net/netip"
	"net/url"
	"strings"
)

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
