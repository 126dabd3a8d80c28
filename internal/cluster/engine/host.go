package engine

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/bits"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
)

// routes reads the kernel's IPv4 routing table (proc(5), /proc/net/route): every
// destination but the default route, also where it is cut into pieces of more than a
// /8 that go over it (OpenVPN's def1: 0.0.0.0/1 and 128.0.0.0/1). A machine without that file has no routes
// that we could know.
func routes(file string) []netip.Prefix {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	var found []netip.Prefix
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 8 {
			continue
		}
		destination, err1 := hex.DecodeString(fields[1])
		mask, err2 := hex.DecodeString(fields[7])
		if err1 != nil || err2 != nil || len(destination) != 4 || len(mask) != 4 {
			continue
		}
		ones := bits.OnesCount32(binary.LittleEndian.Uint32(mask))
		if ones >= 8 {
			addr := netip.AddrFrom4([4]byte{destination[3], destination[2], destination[1], destination[0]})
			found = append(found, netip.PrefixFrom(addr, ones))
		}
	}
	return found
}

// holder tells who has a port: another container, or, when it is one of this
// machine's, whoever makes listening on it fail. A port of the cluster itself is free.
func holder(published map[netip.AddrPort]string, here bool) func(netip.AddrPort) string {
	return func(at netip.AddrPort) string {
		for have, name := range published {
			if have.Port() == at.Port() && (have.Addr() == at.Addr() || have.Addr().IsUnspecified() || at.Addr().IsUnspecified()) {
				return name
			}
		}
		if !here {
			return ""
		}
		l, err := net.Listen("tcp", at.String())
		switch {
		case err == nil:
			l.Close()
			return ""
		case errors.Is(err, syscall.EADDRINUSE):
			return "another program"
		case errors.Is(err, syscall.EACCES):
			// The engine may publish ports that this user may not listen on.
			return ""
		}
		return "nobody, but it cannot be used: " + errors.Unwrap(err).Error()
	}
}
