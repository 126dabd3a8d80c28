package cluster

import (
	"fmt"
	"net/netip"

	"github.com/oarcluster/oarcluster/internal/ui"
)

const (
	firstNode = 11 // the first node's place in the subnet
	smallBits = 24 // 244 nodes

	// A bridge of Linux has 1023 ports at most (BR_PORT_BITS of net/bridge/br_private.h,
	// and none has number 0), one for each host: a larger network could not be filled.
	largestBits = 22 // 1012 nodes
)

// pools are searched for a free subnet in this order. None of them is among the
// engine's own default pools (172.17.0.0/16 …, 192.168.0.0/16), which it hands out
// without asking, and one of each private range is there for hosts that route the
// others into a VPN.
var pools = []netip.Prefix{
	netip.MustParsePrefix("10.141.0.0/16"),
	netip.MustParsePrefix("172.16.0.0/16"),
	netip.MustParsePrefix("10.213.0.0/16"),
	netip.MustParsePrefix("192.168.128.0/17"),
}

// freeSubnet returns the first subnet with room for the nodes that overlaps
// nothing that is taken.
func freeSubnet(nodes int, taken []netip.Prefix) (netip.Prefix, error) {
	bits := smallBits
	for !fits(netip.PrefixFrom(netip.IPv4Unspecified(), bits), nodes) {
		bits--
	}
	for _, pool := range pools {
		for p := netip.PrefixFrom(pool.Addr(), bits); pool.Contains(p.Addr()); p = next(p) {
			if !overlaps(p, taken) {
				return p, nil
			}
		}
	}
	return netip.Prefix{}, ui.WithHint(fmt.Errorf("choosing a subnet: none with %d addresses is free", nodes+firstNode),
		"the engine's networks or the host's routes take all private ranges: look at `docker network ls` and `ip route`")
}

// place counts the small subnets in the pools before p. One that is in no pool has
// place 0, like the first.
func place(p netip.Prefix) int {
	before := 0
	for _, pool := range pools {
		if pool.Contains(p.Addr()) {
			a, b := pool.Addr().As4(), p.Addr().As4()
			return before + int(b[1]-a[1])<<8 + int(b[2]-a[2])
		}
		before += 1 << (smallBits - pool.Bits())
	}
	return 0
}

// fits reports whether the subnet has room for the nodes.
func fits(p netip.Prefix, nodes int) bool { return firstNode+nodes < 1<<(32-p.Bits()) }

func overlaps(p netip.Prefix, taken []netip.Prefix) bool {
	for _, t := range taken {
		if t.Overlaps(p) {
			return true
		}
	}
	return false
}

// next is the subnet after p, of the same size.
func next(p netip.Prefix) netip.Prefix {
	return netip.PrefixFrom(offset(p, 1<<(32-p.Bits())), p.Bits())
}

// offset is the n-th address of p.
func offset(p netip.Prefix, n int) netip.Addr {
	a := p.Addr().As4()
	v := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3])
	v += uint32(n)
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}
