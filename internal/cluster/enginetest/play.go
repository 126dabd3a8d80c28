package enginetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
)

// play makes a container that starts do what its image would. The caller holds
// the lock.
func (f *Fake) play(c *container) error {
	if slices.Contains(f.Mute, c.host.Name) {
		c.log.write("nothing to say\n")
		return nil
	}
	switch c.Role {
	case "server":
		c.log.write("oarcluster: server ready\n")
		for line := range strings.Lines(f.tree(c)["etc/oarcluster/resources"]) {
			node, _, _ := strings.Cut(line, " ")
			if !slices.Contains(f.Mute, node) {
				c.log.write("oarcluster: " + node + " alive\n")
			}
		}
	case "node":
		c.log.write("oarcluster: node ready\n")
	case "frontend":
		if err := f.serve(c); err != nil {
			return err
		}
		c.log.write("oarcluster: frontend ready\n")
	}
	return nil
}

// end stops what play began.
func (c *container) end() {
	for _, stop := range c.stop {
		stop()
	}
	c.stop = nil
	c.log.close()
}

// serve opens a frontend's published ports: OAR's API on 80, a greeting on 22.
func (f *Fake) serve(c *container) error {
	web, err := net.Listen("tcp", c.host.Ports[80].String())
	if err != nil {
		return err
	}
	ssh, err := net.Listen("tcp", c.host.Ports[22].String())
	if err != nil {
		web.Close()
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.Web != nil {
			f.Web(w)
			return
		}
		if r.URL.Path != "/oarapi/resources.json" {
			http.NotFound(w, r)
			return
		}
		f.answer(w, c.owner)
	})}
	go server.Serve(web)
	go f.greet(ssh)
	// A server that does not serve yet knows nothing of its listener.
	c.stop = append(c.stop, func() { server.Close(); web.Close() }, func() { ssh.Close() })
	return nil
}

// greeting is what a frontend's ssh says first.
const greeting = "SSH-2.0-fake\r\n"

func (f *Fake) greet(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		fmt.Fprint(conn, cmp.Or(f.Greeting, greeting))
		f.mu.Unlock()
		conn.Close()
	}
}

// answer lists the resources of the cluster's server as OAR's API does. A node is
// Alive when it runs. The caller holds the lock.
func (f *Fake) answer(w io.Writer, owner string) {
	type item struct {
		Node  string `json:"network_address"`
		State string `json:"state"`
	}
	items := []item{}
	for _, c := range f.containers {
		if c.owner != owner || c.Role != "server" {
			continue
		}
		for line := range strings.Lines(f.tree(c)["etc/oarcluster/resources"]) {
			node, _, _ := strings.Cut(line, " ")
			items = append(items, item{node, f.nodeState(owner, node)})
		}
	}
	json.NewEncoder(w).Encode(map[string]any{"items": items})
}

func (f *Fake) nodeState(owner, node string) string {
	for _, c := range f.containers {
		if c.owner == owner && c.host.Name == node && c.State == "running" && !slices.Contains(f.Mute, node) {
			return "Alive"
		}
	}
	return "Absent"
}
