package enginetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/apply"
)

// object is a JSON object of the API.
type object map[string]any

// labelHolder is package engine's word for who has a lock.
const labelHolder = "oarcluster.holder"

// api is the fake as a Docker Engine's API over HTTP.
type api struct {
	*Fake
	mu    sync.Mutex
	execs map[string]execution
}

// Serve makes the fake speak the API of a Docker Engine 20.10 until the test ends,
// and returns what DOCKER_HOST must be. before sees each request first and reports
// whether it answered: for the faults that only an API can have.
func (f *Fake) Serve(t *testing.T, before func(http.ResponseWriter, *http.Request) bool) (host string) {
	t.Helper()
	// Not t.TempDir: the name of a socket is at most 108 bytes.
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "docker.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	mux := (&api{Fake: f, execs: map[string]execution{}}).mux()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = version.ReplaceAllString(r.URL.Path, "")
		w.Header().Set("Api-Version", "1.41")
		if !before(w, r) {
			mux.ServeHTTP(w, r)
		}
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return "unix://" + socket
}

// version begins all paths but that of the first question.
var version = regexp.MustCompile(`^/v1\.[0-9]+`)

func (a *api) mux() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, answer := range map[string]func(*http.Request) (any, error){
		"/_ping":                       func(*http.Request) (any, error) { return nil, nil },
		"GET /version":                 func(*http.Request) (any, error) { return about, nil },
		"GET /info":                    func(*http.Request) (any, error) { return object{"CgroupVersion": "2"}, nil },
		"GET /containers/json":         a.listContainers,
		"POST /containers/create":      a.createContainer,
		"GET /containers/{id}/json":    a.inspectContainer,
		"POST /containers/{id}/start":  func(r *http.Request) (any, error) { return nil, a.StartContainer(r.Context(), r.PathValue("id")) },
		"POST /containers/{id}/stop":   func(r *http.Request) (any, error) { return nil, a.StopContainer(r.Context(), r.PathValue("id")) },
		"DELETE /containers/{id}":      func(r *http.Request) (any, error) { return nil, a.RemoveContainer(r.Context(), r.PathValue("id")) },
		"PUT /containers/{id}/archive": a.upload,
		"POST /containers/{id}/exec":   a.createExec,
		"GET /exec/{id}/json":          a.inspectExec,
		"GET /networks":                a.listNetworks,
		"POST /networks/create":        a.createNetwork,
		"GET /networks/{id}":           a.inspectNetwork,
		"DELETE /networks/{id}":        func(r *http.Request) (any, error) { return nil, a.RemoveNetwork(r.Context(), r.PathValue("id")) },
		"GET /volumes":                 a.listVolumes,
		"POST /volumes/create":         a.createVolume,
		"GET /volumes/{name}":          a.inspectVolume,
		"DELETE /volumes/{name}":       a.removeVolume,
		"GET /images/{ref...}":         a.inspectImage,
		"GET /distribution/{ref...}":   a.inspectPublished,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			value, err := answer(r)
			respond(w, value, err)
		})
	}
	mux.HandleFunc("GET /containers/{id}/archive", a.download)
	mux.HandleFunc("GET /containers/{id}/logs", a.logs)
	mux.HandleFunc("GET /events", a.events)
	mux.HandleFunc("POST /exec/{id}/start", a.startExec)
	mux.HandleFunc("POST /images/create", a.pull)
	return mux
}

// about is what the engine says of itself.
var about = object{"Version": "20.10.24", "ApiVersion": "1.41", "Arch": "amd64", "Os": "linux"}

// respond answers with a value as JSON, with nothing, or with an error as an engine does.
func respond(w http.ResponseWriter, value any, err error) {
	if err == nil && value == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(status(err))
		value = object{"message": words(err)}
	}
	json.NewEncoder(w).Encode(value)
}

// words are those of an error, as Docker has them where clients go by them.
func words(err error) string {
	if errors.Is(err, apply.ErrSubnetTaken) {
		return "Pool overlaps with other one on this address space"
	}
	return err.Error()
}

// status is the kind of an error.
func status(err error) int {
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "no such"):
		return http.StatusNotFound
	case errors.Is(err, apply.ErrSubnetTaken), strings.Contains(text, "active endpoints"):
		return http.StatusForbidden
	case strings.Contains(text, "in use"):
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

func (a *api) listNetworks(*http.Request) (any, error) {
	a.Fake.mu.Lock()
	defer a.Fake.mu.Unlock()
	all := []object{}
	for id, n := range a.networks {
		all = append(all, object{"Id": id, "Name": n.Name, "Labels": labels(a.owners[id]), "IPAM": object{"Config": []object{{"Subnet": n.Subnet}}}})
	}
	return all, nil
}

// inspectNetwork tells which containers are on a network: all that its cluster has.
func (a *api) inspectNetwork(r *http.Request) (any, error) {
	a.Fake.mu.Lock()
	defer a.Fake.mu.Unlock()
	id, on := r.PathValue("id"), object{}
	n, there := a.networks[id]
	if !there {
		return nil, fmt.Errorf("no such network: %s", id)
	}
	for name, c := range a.containers {
		if c.owner == a.owners[id] {
			on[c.ID] = object{"Name": name}
		}
	}
	return object{"Id": id, "Name": n.Name, "Labels": labels(a.owners[id]), "Containers": on}, nil
}

// labels are those of an object of the cluster named; nobody's has none.
func labels(owner string) map[string]string {
	if owner == "" {
		return nil
	}
	return map[string]string{cluster.LabelName: owner}
}

func (a *api) createNetwork(r *http.Request) (any, error) {
	var wanted struct {
		Name string
		IPAM struct {
			Config []struct{ Subnet netip.Prefix }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return nil, err
	}
	return object{"Id": wanted.Name}, a.CreateNetwork(r.Context(), cluster.Topology{Name: wanted.Name, Subnet: wanted.IPAM.Config[0].Subnet})
}

func (a *api) listVolumes(*http.Request) (any, error) {
	a.Fake.mu.Lock()
	defer a.Fake.mu.Unlock()
	all := []object{}
	for name := range a.volumes {
		all = append(all, object{"Name": name, "Labels": labels(a.owners["volume "+name])})
	}
	for name := range a.locks {
		all = append(all, a.lockVolume(name))
	}
	return object{"Volumes": all}, nil
}

// lockVolume is the volume that is a cluster's lock. The caller holds the fake's lock.
func (a *api) lockVolume(name string) object {
	return object{"Name": name + lockSuffix, "Labels": map[string]string{cluster.LabelName: name, labelHolder: a.locks[name]}}
}

const lockSuffix = "_lock"

func (a *api) createVolume(r *http.Request) (any, error) {
	var wanted struct {
		Name   string
		Labels map[string]string
	}
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return nil, err
	}
	owner, locking := wanted.Labels[cluster.LabelName], wanted.Labels[labelHolder] != ""
	var err error
	if locking {
		_, err = a.Lock(r.Context(), owner, wanted.Labels[labelHolder])
	} else {
		err = a.CreateVolume(r.Context(), owner, wanted.Name)
	}
	// An engine hands out what is there, whoever made it.
	if there, none := a.inspect(wanted.Name); none == nil {
		return there, nil
	}
	return nil, err
}

func (a *api) inspectVolume(r *http.Request) (any, error) { return a.inspect(r.PathValue("name")) }

func (a *api) inspect(volume string) (any, error) {
	a.Fake.mu.Lock()
	defer a.Fake.mu.Unlock()
	if a.volumes[volume] != nil {
		return object{"Name": volume, "Labels": labels(a.owners["volume "+volume])}, nil
	}
	if name := strings.TrimSuffix(volume, lockSuffix); a.locks[name] != "" {
		return a.lockVolume(name), nil
	}
	return nil, errors.New("no such volume: " + volume)
}

func (a *api) removeVolume(r *http.Request) (any, error) {
	volume := r.PathValue("name")
	a.Fake.mu.Lock()
	name := strings.TrimSuffix(volume, lockSuffix)
	holder := a.locks[name]
	a.Fake.mu.Unlock()
	if holder != "" && name != volume {
		return nil, a.Unlock(r.Context(), name, holder)
	}
	return nil, a.RemoveVolume(r.Context(), volume)
}

func (a *api) inspectImage(r *http.Request) (any, error) {
	ref := strings.TrimSuffix(r.PathValue("ref"), "/json")
	id, digests, err := a.Image(r.Context(), ref)
	if id == "" || err != nil {
		return nil, errors.Join(err, errors.New("no such image: "+ref))
	}
	return object{"Id": id, "Architecture": about["Arch"], "RepoDigests": []string{ref + "@" + digests[0]}}, nil
}

func (a *api) inspectPublished(r *http.Request) (any, error) {
	digest, err := a.Published(r.Context(), strings.TrimSuffix(r.PathValue("ref"), "/json"))
	return object{"Descriptor": object{"digest": digest}, "Platforms": []object{{"architecture": about["Arch"], "os": "linux"}}}, err
}
