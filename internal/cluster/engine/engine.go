// Package engine speaks with a Docker Engine for the packages around it.
//
// # Policy
//
// One method is one thing that a caller wants of the engine; what "wanted" means
// (already there, already gone) is settled here, by the kind of the engine's error, and
// by its text only where it has no kind of its own. The API version is negotiated down to Engine 20.10.
// Everything that is made carries the labels of package cluster.
//
// # Boundaries
//
// The only package that imports the engine's client. It decides nothing about
// clusters: that is done in cluster and plan.
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/moby/moby/client"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// patience bounds the wait for the beginning of an answer, and for the next word of a
// pull: an engine may hang while it holds a lock, and a registry in the middle of a layer.
const patience = 2 * time.Minute

// Docker is a Docker Engine that answered.
type Docker struct {
	api     *client.Client
	machine string  // see [Machine]
	tunnel  *tunnel // to an engine over ssh

	connections *http.Transport

	mu    sync.Mutex
	about client.ServerVersionResult // what it said of itself, once it was asked
}

// transport makes connections that are patient. HTTP/2 would bring TLS with it, and
// so have the client think that the engine does.
func transport() *http.Transport {
	t := &http.Transport{ResponseHeaderTimeout: patience, Protocols: &http.Protocols{}}
	t.Protocols.SetHTTP1(true)
	return t
}

// Patience makes the engine's answers and pulls waited for that long, when it is longer
// than usual. It is called before any other method.
func (d *Docker) Patience(limit time.Duration) {
	d.connections.ResponseHeaderTimeout = max(patience, limit)
}

// Machine is the URL of the machine on which Dial's engine would publish ports, as
// "ssh://me@box" or "tcp://10.0.0.7"; "" is this one. Nothing is asked.
func Machine() (string, error) {
	_, machine, err := locate()
	return machine, err
}

// locate finds where the engine is, and its machine.
func locate() (e endpoint, machine string, err error) {
	if e, err = find(os.Getenv, cmp.Or(os.Getenv(config.EnvOverrideConfigDir), config.Dir())); err == nil {
		machine, err = e.machine()
	}
	if err != nil {
		err = ui.WithHint(fmt.Errorf("looking for a Docker Engine: %w", err), "check DOCKER_HOST, DOCKER_CONTEXT and the variables beside them")
	}
	return e, machine, err
}

// Dial finds the engine as docker does: DOCKER_HOST (with DOCKER_TLS_VERIFY and
// DOCKER_CERT_PATH), DOCKER_CONTEXT, the current context of docker's configuration,
// the usual socket. It fails with a hint when none answers.
func Dial(ctx context.Context) (*Docker, error) {
	e, machine, err := locate()
	if err != nil {
		return nil, err
	}
	d := &Docker{machine: machine, connections: transport()}
	options := e.options(d.connections)
	if strings.HasPrefix(d.machine, "ssh:") {
		if d.tunnel, err = openTunnel(ctx, e.host); err != nil {
			return nil, ui.WithHint(fmt.Errorf("looking for a Docker Engine at %s, from %s: %w", e.host, e.from, err),
				"see that `ssh %s docker version` works", d.machine)
		}
		options = d.tunnel.options(d.connections)
	}
	options = append(options, client.WithAPIVersionFromEnv(), client.WithUserAgent("oardeploy"))
	if d.api, err = client.New(options...); err == nil {
		_, err = d.api.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	}
	if err != nil {
		return nil, errors.Join(unanswered(e, d.machine, err), d.Close())
	}
	return d, nil
}

// unanswered tells what to do about an engine that does not answer.
func unanswered(e endpoint, machine string, err error) error {
	err = fmt.Errorf("looking for a Docker Engine at %s, from %s: %w", cmp.Or(e.host, client.DefaultDockerHost), e.from, err)
	if machine == "" {
		return ui.WithHint(err, "start it (`sudo systemctl start docker`), install it (`sudo apt-get install docker.io`), or name another with DOCKER_HOST or DOCKER_CONTEXT; your user needs the right to use its socket (group docker)")
	}
	return ui.WithHint(err, "see that an engine answers there: docker -H %s version", e.host)
}

// Close ends the connections.
func (d *Docker) Close() error {
	var err error
	if d.api != nil {
		err = d.api.Close()
	}
	if d.tunnel != nil {
		err = errors.Join(err, d.tunnel.close())
	}
	return err
}

// Lend makes a port of this machine's loopback one of the engine's machine too, where
// that is another one and there is a way: an engine over ssh. Who stops it, stops
// nothing else.
func (d *Docker) Lend(ctx context.Context, port string) (stop func(), err error) {
	if d.tunnel == nil {
		return func() {}, nil
	}
	return d.tunnel.lend(ctx, port)
}

// version is what the engine says of itself and its machine, asked for once.
func (d *Docker) version(ctx context.Context) (client.ServerVersionResult, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.about.Version != "" {
		return d.about, nil
	}
	v, err := d.api.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return v, failed("asking the engine for its version", err)
	}
	d.about = v
	return v, nil
}

// failed is the error of an engine that could not say how things are: the user of
// oardeploy did nothing wrong.
func failed(what string, err error) error {
	return ui.WithHint(fmt.Errorf("%s: %w", what, err), "see whether `docker info` says the same; the engine's log may tell why: journalctl -u docker")
}

// Clusters lists the names of all clusters of which the engine has anything. A
// label that is no cluster's name was not made by us and is passed over.
func (d *Docker) Clusters(ctx context.Context) ([]string, error) {
	names := map[string]bool{}
	ours := client.Filters{}.Add("label", cluster.LabelName)
	containers, err := d.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ours})
	if err != nil {
		return nil, failed("listing containers", err)
	}
	for _, c := range containers.Items {
		if isHost(c) {
			names[c.Labels[cluster.LabelName]] = true
		}
	}
	networks, err := d.api.NetworkList(ctx, client.NetworkListOptions{Filters: ours})
	if err != nil {
		return nil, failed("listing networks", err)
	}
	for _, n := range networks.Items {
		names[n.Labels[cluster.LabelName]] = true
	}
	volumes, err := d.api.VolumeList(ctx, client.VolumeListOptions{Filters: ours})
	if err != nil {
		return nil, failed("listing volumes", err)
	}
	for _, v := range volumes.Items {
		names[v.Labels[cluster.LabelName]] = true
	}
	maps.DeleteFunc(names, func(name string, _ bool) bool { return cluster.Spec{Name: name}.ValidateName() != nil })
	return slices.Sorted(maps.Keys(names)), nil
}
