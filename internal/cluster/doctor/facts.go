// Package doctor judges whether a cluster can be deployed on an engine and its
// machine, and says what to do where it cannot.
//
// # Policy
//
// One verdict for each thing that has kept somebody's cluster from coming up: ok, a
// warning for what works badly, a problem for what would stop a deploy. What could
// not be found out is no verdict.
//
// # Boundaries
//
// Pure: what is judged was gathered by others, in [Facts].
package doctor

import (
	"net/netip"
)

// Facts is what was found out about an engine and the machine that it is on.
type Facts struct {
	Nodes   int    // how many are to be deployed
	Machine string // see cluster.Observed
	Engine  Engine
	Host    Host
	Bind    error        // why ports would be where nobody reaches them
	Subnet  error        // why no addresses are free
	Range   netip.Prefix // the addresses that a cluster would get
	Ports   []Port       // those of the cluster of the name asked for; none when it cannot be laid out
	Images  []Image      // likewise
	SSH     error        // why there is no ssh client
	Folder  error        // why the cluster's folder cannot be used
}

// Engine is what an engine says of itself.
type Engine struct {
	Name, Version, API string // as "Docker Engine", "28.5.2", "1.51"
	Arch               string // as "amd64"
	Rootless           bool
	Limits             bool   // it keeps limits of memory
	Cgroup             string // "1" or "2"
	Storage            string // storage driver, as "overlay2"
	Root               string // its folder on its machine
	CPUs               int
	Memory             int64          // bytes
	Pools              []netip.Prefix // that it is configured to take networks from; none: its own choice
}

// Host is what this machine says, when it is the engine's too; 0 is unknown.
type Host struct {
	Size         uint64 // bytes of the disk where the engine has its folder
	Free, Inodes uint64 // bytes and inodes left there
	Inotify      int    // fs.inotify.max_user_instances
}

// Port is a port that a cluster publishes.
type Port struct {
	At     netip.AddrPort
	Holder string // who has it, "" for nobody
}

// Image is one of the images that a cluster needs.
type Image struct {
	Ref  string
	Here error // why the engine's is of no use; nil and no ID: it has none
	ID   string
	Pull error // why it could not be pulled
}
