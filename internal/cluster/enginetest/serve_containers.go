package enginetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/logs"
)

func (a *api) listContainers(r *http.Request) (any, error) {
	a.Fake.mu.Lock()
	defer a.Fake.mu.Unlock()
	all := []object{}
	for _, c := range a.containers {
		if c.owner == "" && strings.Contains(r.FormValue("filters"), cluster.LabelName) {
			continue
		}
		at := object{"IPAMConfig": object{"IPv4Address": text(c.Addr)}}
		if c.State == "running" {
			at["IPAddress"] = text(c.Addr)
		}
		item := object{
			"Id": c.ID, "Names": []string{"/" + c.Name}, "State": c.State, "Image": c.Image, "Created": c.Created, "Labels": c.labels,
			"NetworkSettings": object{"Networks": object{c.owner: at}},
		}
		ports, mounts := []object{}, []object{}
		for inside, at := range c.Ports {
			ports = append(ports, object{"IP": at.Addr(), "PrivatePort": inside, "PublicPort": at.Port(), "Type": "tcp"})
		}
		for _, v := range c.Volumes {
			mounts = append(mounts, object{"Type": "bind", "Source": v.Host, "Destination": v.Container, "RW": !v.ReadOnly})
		}
		item["Ports"], item["Mounts"] = ports, mounts
		all = append(all, item)
	}
	return all, nil
}

func text(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// createContainer reads from the labels what host is wanted: they tell it whole. One
// without them is made to try its folders.
func (a *api) createContainer(r *http.Request) (any, error) {
	var wanted struct {
		Labels     map[string]string
		HostConfig struct{ Mounts []struct{ Source string } }
	}
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return nil, err
	}
	host, isHost := cluster.Container{}.Labelled(wanted.Labels).Made()
	if !isHost {
		var folders []string
		for _, m := range wanted.HostConfig.Mounts {
			folders = append(folders, m.Source)
		}
		return object{"Id": "trial"}, a.TryFolders(r.Context(), "", "", folders)
	}
	return object{"Id": host.Container}, a.create(wanted.Labels, host)
}

func (a *api) inspectContainer(r *http.Request) (any, error) {
	a.Fake.mu.Lock()
	defer a.Fake.mu.Unlock()
	c, err := a.find(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	lives := c.log.started()
	ended := "0001-01-01T00:00:00Z"
	if lives > 1 {
		ended = "2001-01-01T00:00:00Z" // it lives again: any time says so
	}
	bindings := object{}
	for inside, at := range c.host.Ports {
		bindings[fmt.Sprintf("%d/tcp", inside)] = []object{{"HostIp": at.Addr(), "HostPort": strconv.Itoa(int(at.Port()))}}
	}
	return object{
		"Id": c.ID, "Name": "/" + c.Name, "HostConfig": object{"PortBindings": bindings},
		"State": object{"Status": c.State, "Running": c.State == "running", "StartedAt": fmt.Sprintf("2001-01-01T00:00:%02dZ", lives), "FinishedAt": ended},
	}, nil
}

// upload unpacks an archive in a folder, which must be there.
func (a *api) upload(r *http.Request) (any, error) {
	id, folder := r.PathValue("id"), strings.Trim(path.Clean(r.FormValue("path")), "/")
	archive, err := io.ReadAll(r.Body)
	if err != nil || folder == "" {
		return nil, errors.Join(err, a.Upload(r.Context(), id, archive))
	}
	if _, err := a.stat(id, folder); err != nil {
		return nil, err
	}
	unpacked, err := unpack(archive)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for name, content := range unpacked {
		files[path.Join(folder, name)] = content
	}
	a.Fake.mu.Lock()
	defer a.Fake.mu.Unlock()
	c, err := a.find(id)
	if err == nil {
		err = a.write(c, files)
	}
	return nil, err
}

// stat tells what is at a path of a container: a folder is what files are in.
func (a *api) stat(id, at string) (object, error) {
	a.Fake.mu.Lock()
	defer a.Fake.mu.Unlock()
	c, err := a.find(id)
	if err != nil {
		return nil, err
	}
	for file := range a.tree(c) {
		if strings.HasPrefix(file, at+"/") {
			return object{"name": path.Base(at), "mode": fs.ModeDir | 0o755}, nil
		}
	}
	return nil, fmt.Errorf("no such container:path: %s:/%s", id, at)
}

func (a *api) download(w http.ResponseWriter, r *http.Request) {
	at := strings.Trim(r.FormValue("path"), "/")
	found, err := a.stat(r.PathValue("id"), at)
	if err != nil {
		respond(w, nil, err)
		return
	}
	text, _ := json.Marshal(found) // strings and numbers
	w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(text))
	w.Header().Set("Content-Type", "application/x-tar")
	if archive, err := a.Download(r.Context(), r.PathValue("id"), at); err == nil {
		defer archive.Close()
		io.Copy(w, archive)
	}
}

// stream writes what a container says on its output of the number given, as an engine
// sends it.
type stream struct {
	w      io.Writer
	number byte
}

func (s stream) Write(p []byte) (int, error) {
	frame := binary.BigEndian.AppendUint32([]byte{s.number, 0, 0, 0}, uint32(len(p)))
	_, err := s.w.Write(append(frame, p...))
	if f, ok := s.w.(http.Flusher); ok {
		f.Flush()
	}
	return len(p), err
}

func (a *api) logs(w http.ResponseWriter, r *http.Request) {
	a.Fake.mu.Lock()
	_, err := a.find(r.PathValue("id"))
	a.Fake.mu.Unlock()
	if err != nil {
		respond(w, nil, err)
		return
	}
	part := logs.Part{Tail: -1, Life: r.FormValue("since") != "", Follow: r.FormValue("follow") == "1"}
	if tail, err := strconv.Atoi(r.FormValue("tail")); err == nil {
		part.Tail = tail
	}
	a.Logs(r.Context(), r.PathValue("id"), part, stream{w, 1}, stream{w, 2})
}

// events tells of what happens to containers until the client goes.
func (a *api) events(w http.ResponseWriter, r *http.Request) {
	happened := make(chan object)
	tell := func(action string, actor object) {
		select {
		case happened <- object{"Type": "container", "Action": action, "Actor": actor}:
		case <-r.Context().Done():
		}
	}
	if strings.Contains(r.FormValue("filters"), `"die"`) {
		a.Exits(r.Context(), "", func(container, status string) {
			tell("die", object{"Attributes": object{"name": container, "exitCode": status}})
		})
	} else {
		a.Lives(r.Context(), "", func(id string) { tell("start", object{"ID": id}) })
	}
	w.Header().Set("Content-Type", "application/json")
	for {
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case message := <-happened:
			json.NewEncoder(w).Encode(message)
		}
	}
}

// execution is a command in a container: what is to run, and once it ran, its end.
type execution struct {
	container string
	argv      []string
	code      int
}

func (a *api) createExec(r *http.Request) (any, error) {
	var wanted struct{ Cmd []string }
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	id := strconv.Itoa(len(a.execs))
	a.execs[id] = execution{container: r.PathValue("id"), argv: wanted.Cmd}
	return object{"Id": id}, nil
}

func (a *api) startExec(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	io.Copy(io.Discard, r.Body) // a client that still writes would be cut off
	a.mu.Lock()
	e := a.execs[id]
	a.mu.Unlock()
	var out bytes.Buffer
	code, err := a.Exec(context.WithoutCancel(r.Context()), e.container, e.argv, stream{&out, 1}, stream{&out, 2})
	if err != nil {
		respond(w, nil, err)
		return
	}
	e.code = code
	a.mu.Lock()
	a.execs[id] = e
	a.mu.Unlock()
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	conn.Write(out.Bytes())
}

func (a *api) inspectExec(r *http.Request) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return object{"ID": r.PathValue("id"), "ExitCode": a.execs[r.PathValue("id")].code}, nil
}

// pull tells of an error as an engine does that has begun to answer.
func (a *api) pull(w http.ResponseWriter, r *http.Request) {
	ref := r.FormValue("fromImage") + ":" + r.FormValue("tag")
	w.Header().Set("Content-Type", "application/json")
	message := object{"status": "Pull complete", "id": "layer"}
	if err := a.Pull(r.Context(), ref, nil); err != nil {
		message = object{"error": err.Error(), "errorDetail": object{"message": err.Error()}}
	}
	json.NewEncoder(w).Encode(message)
}
