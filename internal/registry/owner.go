package registry

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		if inode, user := listening(filepath.Join(proc, table), number); inode != "" {
			if name := holder(proc, inode); name != "" {
				return name
			}
			return "a process of user " + user
		}
	}
	return ""
}

// listening returns the inode of the socket that listens at the port, and the
// user whose it is, "" when there is none.
func listening(table string, port uint64) (inode, user string) {
	file, err := os.Open(table)
	if err != nil {
		return "", ""
	}
	defer file.Close()
	end := fmt.Sprintf(":%04X", port)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
		if f := strings.Fields(lines.Text()); len(f) > 9 && strings.HasSuffix(f[1], end) && f[3] == "0A" {
			return f[9], f[7]
		}
	}
	return "", ""
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
