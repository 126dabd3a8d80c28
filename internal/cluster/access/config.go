package access

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// sshConfig is ssh_config(5) for a cluster whose folder is given. The agent is not
// forwarded and no connection is kept open: a disposable cluster should hold
// nothing of its user's, nor leave a process behind.
func sshConfig(folder string, t cluster.Topology) string {
	var b strings.Builder
	for _, name := range []string{"frontend", "server"} {
		h, _ := t.Host(name)
		host, port := reached(t, h.Ports[22])
		fmt.Fprintf(&b, "Host %s\n    HostName %s\n    Port %s\n    HostKeyAlias %s\n", name, host, port, name)
		if overSSH(t) {
			// Not ProxyJump: its ssh would read this file too, where the machine has no part.
			fmt.Fprintf(&b, "    ProxyCommand ssh -W %%h:%%p %s\n", t.Machine)
		}
	}
	fmt.Fprintf(&b, "Host * !frontend !server\n    ProxyJump frontend\n")
	fmt.Fprintf(&b, `Host *
    User docker
    IdentityFile %s
    IdentitiesOnly yes
    UserKnownHostsFile %s
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    CheckHostIP no
    PasswordAuthentication no
    LogLevel ERROR
`, filepath.Join(folder, "id_ed25519"), filepath.Join(folder, "known_hosts"))
	return b.String()
}
