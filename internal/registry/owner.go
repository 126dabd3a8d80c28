package registry

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Owner tells which process of this machine listens where the repository's
// registry is, such as "docker-proxy (process 4711)"; "" when the registry is not
// on the loopback or nobody can be found. It reads Linux' proc(5).
func Owner(repository string) string {
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
// port: its images would be root in containers that see this user's folders. Whoever
// called sudo is root as well.
func refuseStranger(proc, port string) error {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil // what uses the port says more
	}
	for _, s := range listening(proc, number) {
		if s.user != "0" && s.user != strconv.Itoa(os.Getuid()) && (os.Getuid() != 0 || s.user != os.Getenv("SUDO_UID")) {
			return ui.WithHint(fmt.Errorf("asking the registry at localhost:%s: it is served by user %s, who could put anything into its images", port, s.user),
				"name another port with --registry localhost:PORT/NAME, or have root serve it")
		}
	}
	return nil
}

// socket is what listens at a port: its inode, and the number of the user whose it is.
type socket struct{ inode, user string }

// listening are the sockets that listen at the port.
func listening(proc string, port uint64) []socket {
	var found []socket
	end := fmt.Sprintf(":%04X", port)
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		file, err := os.Open(filepath.Join(proc, table))
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
			if f := strings.Fields(lines.Text()); len(f) > 9 && strings.HasSuffix(f[1], end) && f[3] == "0A" {
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
