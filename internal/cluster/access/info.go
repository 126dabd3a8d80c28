package access

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// Info is what a user needs to know of a running cluster; its JSON form is what
// --json prints.
type Info struct {
	Name       string            `json:"name"`
	Nodes      []string          `json:"nodes"`
	Machine    string            `json:"machine,omitempty"` // where ports and volumes are, when it is not this one
	Tunnel     string            `json:"tunnel,omitempty"`  // command after which the links lead there
	API        string            `json:"api"`
	Monika     string            `json:"monika"`
	Drawgantt  string            `json:"drawgantt"`
	PhpPgAdmin string            `json:"phppgadmin"`
	SSHConfig  string            `json:"ssh_config"`
	SSH        map[string]string `json:"ssh"`  // hostname → command
	Logs       map[string]string `json:"logs"` // hostname → command
	Data       []string          `json:"data"` // HOST:CONTAINER[:ro]
}

// Describe collects the links and commands of a cluster whose folder is given.
func Describe(folder string, t cluster.Topology) Info {
	frontend, _ := t.Host("frontend")
	host, port := reached(t, frontend.Ports[80])
	web := "http://" + net.JoinHostPort(host, port)
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsLoopback() {
		web = "http://localhost:" + port
	}
	i := Info{
		Name: t.Name, Machine: t.Machine, API: web + "/oarapi/", Monika: web + "/monika", Drawgantt: web + "/drawgantt-svg",
		PhpPgAdmin: web + "/phppgadmin", SSHConfig: filepath.Join(folder, "ssh_config"),
		SSH: map[string]string{}, Logs: map[string]string{}, Nodes: []string{}, Data: []string{},
	}
	for _, h := range t.Hosts {
		i.Logs[h.Name] = "docker logs -f " + h.Container
	}
	for _, name := range []string{"frontend", "server"} {
		i.SSH[name] = fmt.Sprintf("ssh -F %s %s", i.SSHConfig, name)
	}
	for _, n := range t.Nodes() {
		i.Nodes = append(i.Nodes, n.Name)
	}
	if overSSH(t) {
		i.Tunnel = fmt.Sprintf("ssh -N -L %s:%s %s", port, net.JoinHostPort(host, port), t.Machine)
	}
	for _, v := range frontend.Volumes {
		i.Data = append(i.Data, v.String())
	}
	return i
}

// banner opens the closing block.
const banner = `
   ___   _   ___      _         _
  / _ \ /_\ | _ \  __| |_  _ __| |_ ___ _ _
 | (_) / _ \|   / / _| | || (_-<  _/ -_) '_|
  \___/_/ \_\_|_\ \__|_|\_,_/__/\__\___|_|

`

// Text is the closing block of a deploy.
func (i Info) Text() string {
	var b strings.Builder
	b.WriteString(banner)
	line := func(label, text string) { fmt.Fprintf(&b, "  %-11s %s\n", label, text) }
	line("Cluster", fmt.Sprintf("%s, %d nodes", i.Name, len(i.Nodes)))
	if i.Machine != "" {
		line("Machine", i.Machine+" has its ports and volumes")
	}
	if i.Tunnel != "" {
		line("Links after", i.Tunnel)
	}
	line("API", i.API)
	line("Monika", i.Monika)
	line("Drawgantt", i.Drawgantt)
	line("PhpPgAdmin", i.PhpPgAdmin)
	line("SSH", i.SSH["frontend"])
	line("", i.SSH["server"])
	line("Logs", i.Logs["server"])
	line("", i.Logs["frontend"])
	for n, d := range i.Data {
		line([]string{"Data", ""}[min(n, 1)], d)
	}
	return b.String() + "\n"
}

// reached is the host and port under which a published port is reached from this
// machine: through ssh, as the engine's machine itself would. An unspecified address
// means every one, so also the loopback, or what the machine is called here.
func reached(t cluster.Topology, at netip.AddrPort) (host, port string) {
	host, port = at.Addr().String(), fmt.Sprint(at.Port())
	if at.Addr().IsUnspecified() {
		host = "127.0.0.1"
		if name, ok := strings.CutPrefix(t.Machine, "tcp://"); ok {
			host = strings.Trim(name, "[]")
		}
	}
	return host, port
}

// overSSH reports whether the engine's machine is reached by ssh.
func overSSH(t cluster.Topology) bool { return strings.HasPrefix(t.Machine, "ssh:") }
