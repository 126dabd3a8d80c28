package registry

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
)

// listen listens at addr. localhost is 127.0.0.1 and ::1, where the machine has both:
// clients choose for themselves which they ask, and what is left free another user of this
// machine could take. 127.0.0.1 comes first, so that of several processes one gets both.
func listen(ctx context.Context, addr string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	hosts := []string{host}
	if strings.EqualFold(host, "localhost") {
		hosts = []string{"127.0.0.1", "::1"}
	}
	var all []net.Listener
	var missing error
	for _, host := range hosts {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
		switch {
		case err == nil:
			all = append(all, listener)
			_, port, _ = net.SplitHostPort(listener.Addr().String()) // the same one, should any do
		case len(hosts) > 1 && (errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)):
			missing = err
		default:
			closeAll(all)
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, missing
	}
	return all, nil
}

func closeAll(all []net.Listener) {
	for _, l := range all {
		l.Close()
	}
}
