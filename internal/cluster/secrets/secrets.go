// Package secrets makes a cluster's keys and packs what a host gets before it
// starts.
//
// # Policy
//
// Keys are made for each cluster and are in no image. All hosts of a cluster show
// one host key: they share the user's key, OAR's key and a user with sudo, so a
// key for each would protect nothing, while one lets known_hosts name nodes that
// do not exist yet. The keys of a running cluster are read back from its
// containers: there is no second place where they are kept.
//
// # Boundaries
//
// Nothing here touches a disk or an engine: archives go in and out as bytes.
package secrets

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Key is a key pair as OpenSSH writes it in files.
type Key struct {
	Private []byte // PEM
	Public  string // "ssh-ed25519 AAAA… comment\n"
}

// Keys are the secrets of one cluster.
type Keys struct {
	User Key // ed25519: the user docker, from the host and between all hosts
	Host Key // ed25519: what every sshd of the cluster shows
	OAR  Key // RSA 2048: the oar user's, on which OAR's own ssh stands
}

// New makes the keys of a new cluster. comment is its name.
func New(comment string) (Keys, error) {
	user, err := newEd25519("docker@" + comment)
	if err != nil {
		return Keys{}, err
	}
	host, err := newEd25519("host@" + comment)
	if err != nil {
		return Keys{}, err
	}
	// Long enough for a network of one machine: the next size takes five times as long.
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return Keys{}, fmt.Errorf("making oar's key: %w", err)
	}
	oar, err := encode(private, private.Public(), "oar@"+comment)
	return Keys{User: user, Host: host, OAR: oar}, err
}

func newEd25519(comment string) (Key, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("making key %q: %w", comment, err)
	}
	return encode(private, public, comment)
}

func encode(private crypto.PrivateKey, public crypto.PublicKey, comment string) (Key, error) {
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return Key{}, fmt.Errorf("encoding key %q: %w", comment, err)
	}
	line, err := ssh.NewPublicKey(public)
	if err != nil {
		return Key{}, fmt.Errorf("encoding key %q: %w", comment, err)
	}
	return Key{Private: pem.EncodeToMemory(block), Public: publicLine(line, comment)}, nil
}

func publicLine(key ssh.PublicKey, comment string) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + " " + comment + "\n"
}

// KnownHosts is ssh's known_hosts (sshd(8)) for a cluster on the subnet given: its
// names, which are all that have no dot, for groups of nodes come and go, and its
// addresses; on port 22 and on oar-node's 6667.
func (k Keys) KnownHosts(subnet netip.Prefix) string {
	var patterns []string
	for _, a := range addresses(subnet) {
		patterns = append(patterns, a, "["+a+"]:6667")
	}
	fields := strings.Fields(k.Host.Public)
	key := " " + fields[0] + " " + fields[1] + "\n"
	return "*,!*.*,!*:*" + key + "[*]:6667,![*.*]:6667" + key + strings.Join(patterns, ",") + key
}

// addresses are patterns that match exactly the subnet's addresses: one for every
// /24 in it.
func addresses(subnet netip.Prefix) []string {
	var patterns []string
	a := subnet.Masked().Addr().As4()
	for n := range 1 << max(0, 24-subnet.Bits()) {
		patterns = append(patterns, fmt.Sprintf("%d.%d.%d.*", a[0], a[1], int(a[2])+n))
	}
	return patterns
}
