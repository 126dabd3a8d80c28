package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster"
)

// provocations make the stage what the entries of the catalogue need, by their titles.
// An entry that is not here needs no more than the commands in it.
var provocations = map[string]func(*testing.T, *stage){
	"A mistake in the cluster file": func(t *testing.T, s *stage) {
		for name, text := range mistaken {
			s.write(t, "home/"+name, text)
		}
		s.write(t, "home/large.yaml", strings.Repeat("#", 1<<20+1))
	},
	"Values that no cluster can have, from a file": func(t *testing.T, s *stage) {
		s.write(t, "home/cluster.yaml", "nodes: {thin: {count: 5000, memory: 1m, image: 'No/Such'}}\n")
		s.write(t, "home/lab.yaml", impossible)
	},
	"-n or --cores, and several groups": func(t *testing.T, s *stage) {
		s.write(t, "home/cluster.yaml", "nodes: {thin: {count: 4}, fat: {count: 1}}\n")
	},

	"DOCKER_CONTEXT names nothing that can be used": func(t *testing.T, s *stage) {
		s.env = append(s.env, "DOCKER_HOST=")
		for name, text := range map[string]string{"torn": "{", "empty": "{}"} {
			s.write(t, fmt.Sprintf("home/.docker/contexts/meta/%x/meta.json", sha256.Sum256([]byte(name))), text)
		}
	},
	"Certificates that cannot be read":     func(t *testing.T, s *stage) { s.write(t, "home/certs/ca.pem", "no certificate") },
	"No engine answers at another machine": func(_ *testing.T, s *stage) { s.env = append(s.env, "DOCKER_HOST=tcp://0.0.0.0:1") },
	"ssh does not get to the engine's machine": func(t *testing.T, s *stage) {
		s.overSSH(t, "echo 'me@box: Permission denied (publickey).' >&2; exit 255")
	},
	"No ssh client": func(t *testing.T, s *stage) {
		s.env = append(s.env, "PATH="+s.bin())
		must(t, os.Mkdir(s.root+"/tmp/oarcluster", 0o700))
		s.write(t, "tmp/oarcluster/ssh_config", "")
	},
	"The engine says that it failed": func(_ *testing.T, s *stage) {
		broken := []string{"GET /containers/json", "GET /networks", "GET /volumes", "GET /version", "GET /info", "POST /volumes/create"}
		s.each = func(n int) { s.fault = refuse(broken[n], 500, "database is locked") }
	},

	"An image is nowhere": func(_ *testing.T, s *stage) { clear(s.Images) },
	"The registry is on the loopback, and the engine runs without root": func(_ *testing.T, s *stage) {
		clear(s.Images)
		s.fault = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/info" {
				fmt.Fprint(w, `{"SecurityOptions": ["name=rootless"]}`)
			}
			return r.URL.Path == "/info"
		}
	},
	"The registry asks for a password": func(_ *testing.T, s *stage) {
		clear(s.Images)
		s.fault = refuse("GET /distribution/", 401, "unauthorized: authentication required")
	},
	"A credential helper that fails": func(t *testing.T, s *stage) {
		clear(s.Images)
		s.write(t, "home/.docker/config.json", `{"credsStore": "gone"}`)
	},
	"An image for another architecture": func(_ *testing.T, s *stage) {
		s.fault = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/version" {
				fmt.Fprint(w, `{"Version": "28.0.0", "ApiVersion": "1.48", "Arch": "arm64", "Os": "linux"}`)
			}
			return r.URL.Path == "/version"
		}
	},
	"A pull fails": func(_ *testing.T, s *stage) {
		s.publish()
		s.Before = fail("pull .*/node:", "unexpected EOF")
	},
	"A pull brings nothing": func(_ *testing.T, s *stage) {
		s.publish()
		s.fault = func(_ http.ResponseWriter, r *http.Request) bool {
			return r.URL.Path == "/images/create" && strings.HasSuffix(r.FormValue("fromImage"), "/node")
		}
		s.Images = map[string]string{}
		for ref, digest := range s.Registry {
			if !strings.Contains(ref, "/node:") {
				s.Images[ref] = digest
			}
		}
	},
	"Another program has the registry's port": func(t *testing.T, s *stage) { clear(s.Images); s.listen(t, 5000) },
	"The registry's folder cannot be made":    func(t *testing.T, s *stage) { s.write(t, "home/.local", "") },
	"The registry is on this machine's loopback, and the engine is not": func(t *testing.T, s *stage) {
		clear(s.Images)
		s.overSSH(t, "case \"$*\" in *forward*) echo 'Error: remote port forwarding failed for listen port 5000' >&2; exit 255;; esac")
	},

	"A port is taken by another program": func(t *testing.T, s *stage) { s.listen(t, 48080) },
	"A port is taken by another cluster": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1 --name lab --http-port 48080")
	},
	"A port of ssh is taken": func(t *testing.T, s *stage) { s.listen(t, 49217) },
	"A port of the engine's machine is taken": func(t *testing.T, s *stage) {
		s.overSSH(t, "exit 0")
		s.Before = fail("start oarcluster_frontend", "driver failed programming external connectivity on endpoint oarcluster_frontend: Error starting userland proxy: listen tcp4 127.0.0.1:48080: bind: address already in use")
	},
	"A folder of the engine's machine is not there": func(t *testing.T, s *stage) {
		s.overSSH(t, "exit 0")
		s.deploy(t, "-n 1")
		s.Before = fail("try /srv/mistyped", "invalid mount config for type \"bind\": bind source path does not exist: /srv/mistyped")
	},
	"Nobody could reach the cluster":             func(t *testing.T, s *stage) { s.overTCP(t) },
	"Something else has a name of the cluster's": func(_ *testing.T, s *stage) { s.AddForeign("oarcluster_server") },
	"Something else takes a volume's name": func(_ *testing.T, s *stage) {
		s.Before = func(call string) error {
			if call == "create volume oarcluster_state" {
				s.AddForeignVolume("oarcluster_state")
			}
			return nil
		}
	},
	"No subnet is free": func(t *testing.T, s *stage) {
		for _, p := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} {
			must(t, s.CreateNetwork(t.Context(), cluster.Topology{Name: "vpn", Subnet: netip.MustParsePrefix(p)}))
		}
	},
	"Others keep taking the subnet": func(_ *testing.T, s *stage) {
		s.fault = refuse("POST /networks/create", 403, "Pool overlaps with other one on this address space")
	},
	"The cluster's network is too small": func(t *testing.T, s *stage) { s.deploy(t, "-n 1") },
	"A folder is not on the engine's machine": func(t *testing.T, s *stage) {
		s.overSSH(t, "exit 0")
		s.Before = fail("create oarcluster_server", `invalid mount config for type "bind": bind source path does not exist: /src`)
	},
	"The cluster's folder in /tmp is not safe": func(t *testing.T, s *stage) {
		s.each = func(n int) {
			path := s.root + "/tmp/oarcluster"
			must(t, os.RemoveAll(path))
			switch n {
			case 0:
				must(t, os.Symlink(s.root, path))
			case 1:
				must(t, os.WriteFile(path, nil, 0o600))
			case 2:
				must(t, os.Mkdir(path, 0o700))
				must(t, os.Chmod(path, 0o755))
			}
		}
	},
	"The folder in /tmp is of a cluster elsewhere": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		s.overSSH(t, "exit 0")
	},
	"The cluster's folder in /tmp cannot be written": func(t *testing.T, s *stage) {
		s.each = func(n int) {
			must(t, os.RemoveAll(s.root+"/tmp"))
			for _, dir := range [][]string{{}, {"lock"}, {"id_ed25519.new"}}[n] {
				must(t, os.MkdirAll(s.root+"/tmp/oarcluster/"+dir, 0o700))
			}
		}
	},

	"The engine refuses a step": func(_ *testing.T, s *stage) {
		s.Before = fail("start oarcluster_server", "failed to create shim: OCI runtime create failed: applying cgroup configuration: mountpoint for devices not found: unknown")
	},
	"The engine's disk is full": func(_ *testing.T, s *stage) {
		s.Before = fail("create oarcluster_node2", "write /var/lib/docker/image/overlay2/layerdb/mounts/x/init-id: no space left on device")
	},
	"The engine does not answer": func(_ *testing.T, s *stage) {
		s.fault = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method+r.URL.Path != "POST/networks/create" {
				return false
			}
			<-r.Context().Done()
			return true
		}
	},
	"What was done cannot be undone": func(_ *testing.T, s *stage) {
		s.Before = fail("start oarcluster_server|remove network", "database is locked")
	},
	"A node does not come": func(_ *testing.T, s *stage) { s.Mute = []string{"node2"} },
	"A container ends": func(_ *testing.T, s *stage) {
		s.Mute = []string{"server"}
		s.each = func(n int) {
			// While its log is followed, and before anybody listens for the news of it.
			moment := []string{"GET /containers/oarcluster_server[-0-9]*/logs", "GET /events"}[n]
			s.fault = func(_ http.ResponseWriter, r *http.Request) bool {
				if matches(moment, r.Method+" "+r.URL.Path) {
					s.Kill("oarcluster_server", 3)
				}
				return false
			}
		}
	},
	"OAR does not take a node": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		s.Mute = []string{"node1"}
	},
	"The API answers with an error": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		s.each = func(n int) { s.Web = []func(w http.ResponseWriter){unavailable, greet}[n] }
	},
	"The frontend's ssh does not answer as ssh does": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		s.Greeting = "220 lab ESMTP\n"
	},
	"The frontend does not answer, on another machine": func(t *testing.T, s *stage) {
		s.overSSH(t, "exit 0")
		s.deploy(t, "-n 1")
		s.Runs = func(_ string, argv []string) (string, int, bool) {
			return map[string]string{"curl": "curl: (7) Failed to connect to localhost port 80: Connection refused\n", "bash": "220 lab ESMTP\n"}[argv[0]],
				map[string]int{"curl": 7}[argv[0]], true
		}
	},
	"A host does not take what it is told": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		s.each = func(n int) {
			left := []int{1, 99}[n]
			s.Runs = func(_ string, argv []string) (string, int, bool) {
				if argv[0] != "/usr/lib/oarcluster/reload" {
					return "", 0, false
				}
				left--
				return "psql: error: could not connect to server\n", min(1, max(0, left+1)), true
			}
		}
	},
	"The cluster's keys are lost": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		archive := "GET /containers/oarcluster_frontend[-0-9]*/archive"
		s.each = func(n int) {
			s.fault = []func(http.ResponseWriter, *http.Request) bool{
				refuse(archive, 500, "database is locked"),
				hand(archive, ""), hand(archive, "oarcluster/ssh/id_ed25519.pub"),
			}[n]
		}
	},

	"There is no such cluster":                       func(t *testing.T, s *stage) { must(t, os.Mkdir(s.root+"/tmp/oarcluster-lab", 0o700)) },
	"The cluster has no such host, or no such group": func(t *testing.T, s *stage) { s.deploy(t, "-n 2") },
	"The host does not run": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		must(t, s.StopContainer(t.Context(), "oarcluster_node1"))
	},
	"The cluster is not whole": func(t *testing.T, s *stage) {
		server := cluster.Host{Name: "server", Container: "oarcluster_server", Image: s.address + ":5000/oarcluster/server:2.6.1"}
		must(t, s.CreateContainer(t.Context(), cluster.Topology{Name: "oarcluster"}, server))
	},
	"A command in a host": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		s.Runs = func(_ string, argv []string) (string, int, bool) {
			if argv[0] == "nosuch" {
				return "OCI runtime exec failed: exec failed: container_linux.go:380: starting container process caused: exec: \"nosuch\": executable file not found in $PATH: unknown\n", 126, true
			}
			return "", 7, argv[0] == "sh"
		}
		s.each = func(n int) {
			s.fault = []func(http.ResponseWriter, *http.Request) bool{
				s.fault, s.fault, refuse("POST /containers/.*/exec", 409, "Container 4ac7d1 is not running"),
				garble("POST /exec/.*/start"), refuse("GET /exec/", 500, "database is locked"),
			}[n]
		}
	},
	"Copying": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		s.write(t, "home/job.sh", "true\n")
		s.each = func(n int) {
			if n == 4 {
				s.fault = hand("GET /containers/.*/archive", "fifo")
			}
		}
	},
	"A log cannot be read": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		broken := []string{"GET /containers/oarcluster_node1[-0-9]*/logs", "GET /containers/oarcluster_node1[-0-9]*/json", "GET /events"}
		s.each = func(n int) { s.fault = refuse(broken[n], 500, "database is locked") }
	},
	"OAR does not answer": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		s.each = func(n int) {
			s.Runs = func(_ string, argv []string) (string, int, bool) {
				time.Sleep([]time.Duration{0, 0, 6 * time.Second, 0}[n])
				return "", 2 + n, argv[0] == "bash"
			}
			if n == 3 {
				must(t, s.StopContainer(t.Context(), "oarcluster_server"))
			}
		}
	},

	"Something else uses the cluster's network": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		busy := refuse("DELETE /networks/", 403, "error while removing network: network oarcluster has active endpoints")
		s.fault = func(w http.ResponseWriter, r *http.Request) bool {
			if matches("GET /networks/.", r.Method+" "+r.URL.Path) {
				fmt.Fprint(w, `{"Name": "oarcluster", "Labels": {"oarcluster.name": "oarcluster"}, "Containers": {"4ac7d1": {"Name": "oarcluster-guest"}}}`)
				return true
			}
			return busy(w, r)
		}
	},
	"Something else uses a volume of the cluster's": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		s.fault = refuse("DELETE /volumes/oarcluster_home", 409, "remove oarcluster_home: volume is in use - [4ac7d1]")
	},
	"A folder in /tmp that is not the cluster's": func(t *testing.T, s *stage) { must(t, os.Symlink(s.root, s.root+"/tmp/oarcluster")) },

	"Another oardeploy changes the cluster": func(t *testing.T, s *stage) {
		s.Before = func(call string) error {
			if call == "create network oarcluster" {
				<-t.Context().Done()
			}
			return nil
		}
		s.start(t, "oardeploy -q -n 2")
		s.until(t, "lock oarcluster")
	},
	"Another oardeploy changes the cluster, elsewhere": func(t *testing.T, s *stage) {
		_, err := s.Lock(t.Context(), "oarcluster", `{"user": "bob", "host": "box", "pid": 7, "since": "2026-11-22T10:00:00Z"}`)
		must(t, err)
	},
	"Something else has the lock's name": func(_ *testing.T, s *stage) { s.AddForeignVolume("oarcluster_lock") },

	"Ctrl-C": func(t *testing.T, s *stage) {
		s.Mute = []string{"server"} // else it may be ready before the signal is noticed
		s.Before = s.interrupted(t, "start oarcluster_server")
	},
	"Ctrl-C while a cluster changes": func(t *testing.T, s *stage) {
		s.deploy(t, "-n 1")
		s.Mute = []string{"node2"}
		s.Before = s.interrupted(t, "start oarcluster_node2")
	},
	"Ctrl-C, twice": func(t *testing.T, s *stage) {
		s.Before = s.interrupted(t, "start oarcluster_server", "remove network oarcluster.*")
	},
}

// mistaken are files with everything wrong that a cluster file can have.
var mistaken = map[string]string{
	"cluster.yaml": `node: {}
name: lab
name: lab2
timeout: 9s9
nodes:
  fat: []
queues: {night: {}}
tag: [a]
oar_conf: {log_level: 3}
`,
	"list.yaml":  "- name: lab\n",
	"two.yaml":   "nodes: {thin: {count: 1}}\n---\nnodes: {fat: {count: 1}}\n",
	"alias.yaml": "nodes: &n {}\n",
	"torn.yaml":  "nodes: {thin\n",
	"empty.yaml": "",
}

// impossible is a file whose values are right each, and wrong together.
const impossible = `nodes:
  server: {count: 1}
  thin: {count: 1, cores: 2000, properties: {disc: ssd, rack: x}}
volumes: ["a:/d", "b:/d"]
bind: 1.2.3
http_port: 70000
properties: {host: int, disk: string, rack: int}
users: {root: {uid: 2000}, ann: {uid: 1000}, bob: {uid: 2001}, eve: {uid: 2001}}
`

// interrupted interrupts the command at each of the calls, in turn.
func (s *stage) interrupted(t *testing.T, calls ...string) func(string) error {
	var next atomic.Int32
	return func(call string) error {
		if i := int(next.Load()); i < len(calls) && matches(calls[i], call) && next.CompareAndSwap(int32(i), int32(i+1)) {
			must(t, s.process.Load().Signal(syscall.SIGINT))
			for i > 0 && s.process.Load().Signal(syscall.Signal(0)) == nil && t.Context().Err() == nil {
				time.Sleep(10 * time.Millisecond) // it ends meanwhile
			}
		}
		return nil
	}
}
