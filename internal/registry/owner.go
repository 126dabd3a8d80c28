package registry

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Owner tells which process of this machine listens where the repository's
// registry is, such as "docker-proxy (process 4711)"; "" when the registry is not
// on the loopback or nobody can be found. It reads Linux' proc(5). refuses is an error
// when this user may read there and not push.
func Owner(ctx context.Context, repository string) (who string, refuses error) {
	return owner(repository), mayPush(ctx, repository)
}

func owner(repository string) string {
	if !IsLoopback(repository) {
		return ""
	}
	addr, _, _ := strings.Cut(repository, "/")
	_, port := splitAddress(addr)
	return ownerOf("/proc", port)
}

func ownerOf(proc, port string) string {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return ""
	}
	found := listening(proc, number)
	if len(found) == 0 {
		return ""
	}
	if name := holder(proc, found[0].inode); name != "" {
		return name
	}
	return "a process of user " + found[0].user
}

// refuseStranger is an error when a user other than this one and root listens at the
// port: its images would be root in containers that see this user's folders.
func refuseStranger(proc, port string) error {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil // what uses the port says more
	}
	for _, s := range listening(proc, number) {
		if !trusted(s.user) {
			return ui.WithHint(fmt.Errorf("asking the registry at localhost:%s: it is served by user %s, who could put anything into its images", port, s.user),
				anotherPort)
		}
	}
	return nil
}

// trusted reports whether a user can do what this one can: the same one, and root.
// Whoever called sudo is root as well. "" is nobody.
func trusted(user string) bool {
	return user == "0" || user == strconv.Itoa(os.Getuid()) || os.Getuid() == 0 && user != "" && user == os.Getenv("SUDO_UID")
}

// socket is one of TCP: its inode, and the number of the user whose it is.
type socket struct{ inode, user string }

// looks is how often a connection is looked for in the kernel's tables, and lookAgain how
// long is waited in between.
const (
	looks     = 5
	lookAgain = 5 * time.Millisecond
)

// States of sockets in the kernel's tables.
const established, listens = "01", "0A"

// listening are the sockets that listen at the port.
func listening(proc string, port uint64) []socket {
	end := fmt.Sprintf(":%04X", port)
	return sockets(proc, func(local, _, state string) bool { return state == listens && strings.HasSuffix(local, end) })
}

// peer is the number of the user at the other end of a connection of this machine; ""
// of one whose other end is closed, or is not on this machine. A closed socket is in the
// table for some time more, without an inode: as nobody's, which is to say root's. The
// kernel gives its table page by page: while others come and go, one may be in it twice,
// or be missed.
func peer(proc string, c net.Conn) string {
	theirs, ours := addrPort(c.RemoteAddr()), addrPort(c.LocalAddr())
	// A program that speaks IPv6 may use its way to write an address of IPv4.
	from, to := inTable(theirs, false), inTable(ours, false)
	from6, to6 := inTable(theirs, true), inTable(ours, true)
	for range looks {
		found := sockets(proc, func(local, remote, state string) bool {
			return state == established && (local == from && remote == to || local == from6 && remote == to6)
		})
		if len(found) > 0 {
			return leastTrusted(found)
		}
		time.Sleep(lookAgain)
	}
	return ""
}

// leastTrusted is the number of the user of sockets, of whom it trusts least: that of one
// that is not trusted, if there is any.
func leastTrusted(found []socket) string {
	for _, s := range found {
		if s.inode == "0" {
			return ""
		}
		if !trusted(s.user) {
			return s.user
		}
	}
	return found[0].user
}

func addrPort(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		at := tcp.AddrPort()
		return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	}
	return netip.AddrPort{}
}

// inTable is an address as the kernel's tables have it, of IPv4 or 6: words of four bytes
// in the machine's order.
func inTable(at netip.AddrPort, six bool) string {
	bytes := at.Addr().AsSlice()
	if six {
		all := at.Addr().As16()
		bytes = all[:]
	}
	text := ""
	for word := range slices.Chunk(bytes, 4) {
		text += fmt.Sprintf("%08X", binary.NativeEndian.Uint32(word))
	}
	return fmt.Sprintf("%s:%04X", text, at.Port())
}

// sockets are those of the kernel's tables (proc_pid_net(5)) that match.
func sockets(proc string, match func(local, remote, state string) bool) []socket {
	var found []socket
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		file, err := os.Open(filepath.Join(proc, table))
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
			if f := strings.Fields(lines.Text()); len(f) > 9 && match(f[1], f[2], f[3]) {
				found = append(found, socket{f[9], f[7]})
			}
		}
		file.Close()
	}
	return found
}

// holder returns the process that has the socket open, "" when it is not ours to
// know.
func holder(proc, inode string) string {
	descriptors, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "fd", "*"))
	if err != nil {
		return ""
	}
	for _, fd := range descriptors {
		if to, err := os.Readlink(fd); err != nil || to != "socket:["+inode+"]" {
			continue
		}
		process := filepath.Dir(filepath.Dir(fd))
		name, err := os.ReadFile(filepath.Join(process, "comm"))
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(name)) + " (process " + filepath.Base(process) + ")"
	}
	return ""
}
