package engine

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/docker/go-connections/tlsconfig"
	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// endpoint is where an engine is, as docker's own client would find it.
type endpoint struct {
	host string // as "unix:///run/docker.sock", "tcp://10.0.0.7:2376" or "ssh://me@box"; "" is the usual socket
	from string // what says so, for errors
	tls  *tls.Config
}

// find follows docker's own order: DOCKER_HOST, else the context that DOCKER_CONTEXT
// or docker's configuration in dir names, else the usual socket. Nothing is asked.
func find(getenv func(string) string, dir string) (endpoint, error) {
	if host := getenv("DOCKER_HOST"); host != "" {
		e := endpoint{host: host, from: "DOCKER_HOST"}
		verify, certs := getenv("DOCKER_TLS_VERIFY") != "", getenv("DOCKER_CERT_PATH")
		if !verify && certs == "" {
			return e, nil
		}
		if certs == "" {
			certs = dir
		}
		var err error
		e.tls, err = material(certs, !verify)
		return e, err
	}
	name, from := getenv("DOCKER_CONTEXT"), "DOCKER_CONTEXT"
	if name == "" {
		file, err := config.Load(dir)
		if err != nil {
			return endpoint{}, err
		}
		name, from = file.CurrentContext, file.Filename
	}
	if name == "" || name == "default" {
		return endpoint{from: "docker's default"}, nil
	}
	return inContext(name, from, dir)
}

// inContext reads one of docker's contexts from its store: the folders are named by
// the SHA-256 of the context's name (docker/cli, cli/context/store).
func inContext(name, from, dir string) (endpoint, error) {
	id := fmt.Sprintf("%x", sha256.Sum256([]byte(name)))
	e := endpoint{from: fmt.Sprintf("context %q of %s", name, from)}
	text, err := os.ReadFile(filepath.Join(dir, "contexts", "meta", id, "meta.json"))
	if err != nil {
		return e, ui.WithHint(fmt.Errorf("reading docker's %s: %w", e.from, err), "`docker context ls` lists the contexts there are")
	}
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	if err := json.Unmarshal(text, &meta); err != nil {
		return e, fmt.Errorf("reading docker's %s: %w", e.from, err)
	}
	docker, ok := meta.Endpoints["docker"]
	if !ok || docker.Host == "" {
		return e, fmt.Errorf("reading docker's %s: it names no engine", e.from)
	}
	e.host = docker.Host
	certs := filepath.Join(dir, "contexts", "tls", id, "docker")
	if _, err := os.Stat(certs); err == nil || docker.SkipTLSVerify {
		e.tls, err = material(certs, docker.SkipTLSVerify)
		return e, err
	}
	return e, nil
}

// material reads ca.pem, cert.pem and key.pem of a folder, those that are there.
func material(dir string, skipVerify bool) (*tls.Config, error) {
	there := func(name string) string {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return ""
		}
		return path
	}
	c, err := tlsconfig.Client(tlsconfig.Options{
		CAFile: there("ca.pem"), CertFile: there("cert.pem"), KeyFile: there("key.pem"),
		ExclusiveRootPools: true, MinVersion: tls.VersionTLS12, InsecureSkipVerify: skipVerify,
	})
	if err != nil {
		return nil, fmt.Errorf("reading the TLS certificates in %q: %w", dir, err)
	}
	return c, nil
}

// options are what the engine's client needs to know of a socket or a TCP address.
func (e endpoint) options(t *http.Transport) []client.Opt {
	t.TLSClientConfig = e.tls
	return []client.Opt{
		client.WithHTTPClient(&http.Client{Transport: t, CheckRedirect: client.CheckRedirect}),
		client.WithHost(cmp.Or(e.host, client.DefaultDockerHost)),
	}
}

// safe is what may stand in a machine's URL: it becomes part of ssh's command lines.
var safe = regexp.MustCompile(`^[A-Za-z0-9_.:\[\]][A-Za-z0-9_.:\[\]-]*$`)

// machine is the URL of the machine on which the engine publishes ports:
// "ssh://me@box" or "tcp://10.0.0.7"; "" is this one. An address of the loopback is
// this machine's.
func (e endpoint) machine() (string, error) {
	u, err := url.Parse(e.host)
	if err != nil {
		return "", fmt.Errorf("reading %q, from %s: %w", e.host, e.from, err)
	}
	switch u.Scheme {
	case "tcp", "http", "https":
		addr, err := netip.ParseAddr(u.Hostname())
		if u.Hostname() == "" || u.Hostname() == "localhost" || err == nil && addr.IsLoopback() {
			return "", nil
		}
		u = &url.URL{Scheme: "tcp", Host: strings.TrimSuffix(u.Host, ":"+u.Port())}
	case "ssh":
		u = &url.URL{Scheme: "ssh", User: u.User, Host: u.Host}
	default:
		return "", nil
	}
	if !safe.MatchString(u.Host) || u.User != nil && !safe.MatchString(u.User.String()) {
		return "", fmt.Errorf("reading %q, from %s: it names no machine", e.host, e.from)
	}
	return u.String(), nil
}
