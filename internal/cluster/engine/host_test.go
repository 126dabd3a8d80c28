package engine

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	const header = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
	for _, tc := range []struct {
		name, text string
		want       []string
	}{
		{"header alone", header, nil},
		{"the default route is everything and nothing", header + "eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", nil},
		{"a default route in halves", header + "tun0\t00000000\t0100000A\t0003\t0\t0\t0\t00000080\t0\t0\t0\ntun0\t00000080\t0100000A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n", nil},
		{"a private range", header + "tun0\t0000000A\t0100000A\t0003\t0\t0\t0\t000000FF\t0\t0\t0\n", []string{"10.0.0.0/8"}},
		{"a bridge", header + "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n", []string{"172.17.0.0/16"}},
		{"a host route", header + "tun0\t01020A0A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0\n", []string{"10.10.2.1/32"}},
		{"rubbish", header + "x y z\nx\tzz\tx\tx\tx\tx\tx\tzz\n", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "route")
			if err := os.WriteFile(file, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range routes(file) {
				got = append(got, p.String())
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	if got := routes("/does/not/exist"); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestHolder(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := netip.MustParseAddrPort(l.Addr().String())
	published := map[netip.AddrPort]string{
		netip.MustParseAddrPort("127.0.0.1:10"): `container "a"`, netip.MustParseAddrPort("0.0.0.0:11"): `container "b"`, netip.MustParseAddrPort("127.0.0.1:12"): "",
	}
	for _, tc := range []struct{ at, want string }{
		{"127.0.0.1:10", `container "a"`},
		{"127.0.0.2:10", ""},
		{"0.0.0.0:10", `container "a"`},
		{"127.0.0.1:11", `container "b"`},
		{"127.0.0.1:12", ""},
		{taken.String(), "another program"},
		{fmt.Sprintf("127.200.0.1:%d", taken.Port()), ""},
	} {
		if got := holder(published, true)(netip.MustParseAddrPort(tc.at)); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.at, got, tc.want)
		}
	}
	if got := holder(nil, true)(netip.MustParseAddrPort("192.0.2.1:80")); got == "" {
		t.Error("an address that is not this machine's can be used")
	}
	elsewhere := holder(published, false)
	if got := elsewhere(netip.MustParseAddrPort("127.0.0.1:10")); got != `container "a"` {
		t.Errorf("another machine's container: %q", got)
	}
	if got := elsewhere(taken); got != "" {
		t.Errorf("another machine's port is taken by %q of this one", got)
	}
}
