package endpoint

import (
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/oarcluster/oarcluster/internal/buildkit/engine"
	"github.com/oarcluster/oarcluster/internal/proxy"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// containerName is the container's, its volume's and its socket folder's name.
const containerName = "oarcluster-buildkit"

// imageName is the repository of the container's image, in the Engine alone.
const imageName = "oarcluster/buildkit"

// containerLabel marks what is ours on the Engine; its value is its image's tag.
const containerLabel = "oarcluster.buildkit"

// Where the container has its socket and its cache.
const (
	socketsInside = "/run/oarcluster"
	cacheInside   = "/var/lib/buildkit"
)

// container is the pinned buildkitd in a container of the Docker Engine, for
// whoever may use Docker and is not root. Its image is made of this machine's
// files; nothing is pulled.
//
// Its socket is in a folder of this machine that the Engine makes, so nobody
// but root can put another one there, and belongs to the group that may use the
// Engine: who may use the one may use the other, and who may not, may neither.
type container struct {
	daemon *Daemon
	engine *engine.Engine
	name   string
	dir    string // of the socket, on this machine
}

// newContainer returns the container that goes with a daemon: one a machine, or
// one for each OARBUILD_DAEMON_DIR.
func newContainer(d *Daemon) (*container, error) {
	e, err := engine.Find()
	if err != nil {
		return nil, err
	}
	c := &container{daemon: d, engine: e, name: containerName, dir: filepath.Join("/run", containerName)}
	if d.Dir != stateDir {
		sum := sha256.Sum256([]byte(d.Dir))
		c.name += "-" + hex.EncodeToString(sum[:4])
		c.dir = filepath.Join("/run", c.name)
	}
	return c, nil
}

func (c *container) socket() string  { return filepath.Join(c.dir, "buildkitd.sock") }
func (c *container) Address() string { return "unix://" + c.socket() }

// state is what the Engine says of a container.
type state struct {
	ID     string `json:"Id"`
	State  struct{ Running bool }
	Config struct {
		Image  string
		Labels map[string]string
	}
}

// inspect returns the container, or nil when there is none. One that bears our
// name and is not ours is an error.
func (c *container) inspect(ctx context.Context) (*state, error) {
	s := &state{}
	err := c.engine.Call(ctx, "GET", "/containers/"+c.name+"/json", nil, s)
	if engine.Missing(err) {
		return nil, nil
	}
	if err == nil && s.Config.Labels[containerLabel] == "" {
		err = fmt.Errorf("container %s is not this program's", c.name)
	}
	return s, err
}

func (c *container) start(ctx context.Context) (bool, error) {
	group, err := c.mayUse()
	if err != nil {
		return false, err
	}
	found, err := c.inspect(ctx)
	if err != nil {
		return false, err
	}
	if found != nil && found.State.Running && Serves(ctx, c.socket()) {
		return false, nil
	}
	parts, err := findRootfs(c.daemon)
	if err != nil {
		return false, lacking(fmt.Errorf("making a container of buildkitd: %w", err))
	}
	tag, err := parts.tag()
	if err != nil {
		return false, fmt.Errorf("reading what buildkitd's container is made of: %w", err)
	}
	image := imageName + ":" + tag
	if found != nil && found.Config.Image != image {
		if err := c.remove(ctx, found); err != nil {
			return false, err
		}
		found = nil
	}
	if found == nil {
		if err := c.create(ctx, parts, image, group); err != nil {
			return false, err
		}
	}
	err = c.engine.Call(ctx, "POST", "/containers/"+c.name+"/start", nil, nil)
	if err != nil {
		return false, err
	}
	return true, c.wait(ctx)
}

// mayUse returns the group that may use the Engine, or why this user may not.
func (c *container) mayUse() (group uint32, err error) {
	info, err := os.Stat(c.engine.Socket)
	if err == nil {
		err = syscall.Access(c.engine.Socket, 2) // W_OK: what connecting asks for
	}
	if err != nil {
		return 0, lacking(ui.WithHint(fmt.Errorf("using the Docker Engine at %s: %w", c.engine.Socket, err),
			"install and start it, and join the group docker (usermod -aG docker NAME), or run the command as root"))
	}
	return info.Sys().(*syscall.Stat_t).Gid, nil
}

// create makes the image, unless it is there, and the container.
func (c *container) create(ctx context.Context, parts rootfs, image string, group uint32) error {
	err := c.engine.Call(ctx, "GET", "/images/"+image+"/json", nil, nil)
	if engine.Missing(err) {
		err = c.importImage(ctx, parts, image)
	}
	if err != nil {
		return fmt.Errorf("making the image %s: %w", image, err)
	}
	_, version, _ := strings.Cut(image, ":")
	config := map[string]any{
		"Image":      image,
		"Cmd":        append([]string{"/usr/bin/buildkitd", "--group", fmt.Sprint(group)}, arguments("unix://"+socketsInside+"/buildkitd.sock", cacheInside, "/run")...),
		"Env":        append([]string{"PATH=/usr/bin"}, proxy.Variables()...),
		"Labels":     map[string]string{containerLabel: version},
		"HostConfig": c.rights(),
	}
	err = c.engine.Call(ctx, "POST", "/containers/create?name="+c.name, config, nil)
	if engine.Conflict(err) {
		return c.await(ctx, image, err)
	}
	if err != nil {
		return fmt.Errorf("making the container %s: %w", c.name, err)
	}
	return nil
}

// await returns once another process, which was first, has made the container:
// the Engine gives its name away a moment before it shows it, and one that is
// being removed may have it still.
func (c *container) await(ctx context.Context, image string, taken error) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	tick := time.NewTicker(5 * pollEvery)
	defer tick.Stop()
	for {
		if found, err := c.inspect(ctx); err == nil && found != nil && found.Config.Image == image {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("making the container %s: %w", c.name, taken)
		case <-tick.C:
		}
	}
}

// rights are what runc needs to make containers within the container: about what
// root may do, but named one by one, for an Engine that is itself confined has
// not all that Docker calls privileged.
func (c *container) rights() map[string]any {
	return map[string]any{
		"NetworkMode": "host", // a registry on the loopback is this machine's
		"Binds": []string{
			c.dir + ":" + socketsInside,
			c.name + ":" + cacheInside,
			"/sys/fs/cgroup:/sys/fs/cgroup:rw", // a group for each step
		},
		"CapAdd":            []string{"SYS_ADMIN", "NET_ADMIN"}, // mounts and namespaces; the loopback of a step without network
		"SecurityOpt":       []string{"seccomp=unconfined", "apparmor=unconfined", "label=disable"},
		"MaskedPaths":       []string{}, // /proc can be mounted anew only where all of it is seen
		"ReadonlyPaths":     []string{},
		"CgroupnsMode":      "host",
		"DeviceCgroupRules": []string{"a *:* rwm"}, // layers may hold device nodes
	}
}

// importImage makes the image of a tar archive (Engine API, "Create an image").
func (c *container) importImage(ctx context.Context, parts rootfs, image string) error {
	repository, tag, _ := strings.Cut(image, ":")
	query := url.Values{"fromSrc": {"-"}, "repo": {repository}, "tag": {tag}, "changes": {"LABEL " + containerLabel + "=" + tag}}
	r, w := io.Pipe()
	go func() { w.CloseWithError(parts.write(w)) }()
	err := c.engine.Stream(ctx, "/images/create?"+query.Encode(), r)
	return errors.Join(err, r.Close())
}

// wait returns once the daemon in the container answers, or the end of its log.
func (c *container) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("no answer for %v", startTimeout))
	defer cancel()
	tick := time.NewTicker(5 * pollEvery)
	defer tick.Stop()
	for {
		if Serves(ctx, c.socket()) && answers(ctx, c.Address()) {
			return nil
		}
		select {
		case <-ctx.Done():
			return c.withLog(ctx, context.Cause(ctx))
		case <-tick.C:
			if found, err := c.inspect(ctx); err == nil && (found == nil || !found.State.Running) {
				return c.withLog(ctx, errors.New("it ended at once"))
			}
		}
	}
}

// withLog adds the end of the container's log to an error about it.
func (c *container) withLog(ctx context.Context, err error) error {
	log, _ := c.engine.Read(context.WithoutCancel(ctx), fmt.Sprintf("/containers/%s/logs?stdout=1&stderr=1&tail=%d", c.name, logTail))
	text := ""
	for line := range strings.Lines(string(log)) {
		// Each line comes behind eight bytes that tell its stream and length.
		text += "\n  " + strings.TrimRight(line[min(8, len(line)):], "\r\n")
	}
	return ui.WithHint(fmt.Errorf("starting buildkitd in the container %s: %w%s", c.name, err, text), "docker logs %s has it all", c.name)
}

// stop removes the container; its cache is in a volume, which stays.
func (c *container) stop(ctx context.Context) (bool, error) {
	if _, err := c.mayUse(); err != nil {
		return false, err
	}
	found, err := c.inspect(ctx)
	if found == nil || err != nil {
		return false, err
	}
	if err := c.engine.Call(ctx, "POST", "/containers/"+c.name+"/stop", nil, nil); err != nil {
		return false, fmt.Errorf("stopping the container %s: %w", c.name, err)
	}
	return found.State.Running, c.remove(ctx, found)
}

func (c *container) status(ctx context.Context) (string, bool) {
	found, err := c.inspect(ctx)
	switch {
	case err != nil:
		return fmt.Sprintf("no container: asking the Docker Engine at %s: %v", c.engine.Socket, err), false
	case found == nil:
		return fmt.Sprintf("no container %s, cache in the volume of that name", c.name), false
	case found.State.Running && Serves(ctx, c.socket()):
		return fmt.Sprintf("running, container %s, at %s, log by docker logs %s", c.name, c.Address(), c.name), true
	}
	return fmt.Sprintf("container %s does not serve %s, log by docker logs %s", c.name, c.Address(), c.name), false
}

// remove removes the container that was found, and not one that another process
// made in its place. It is no error that another one removes it as well.
func (c *container) remove(ctx context.Context, found *state) error {
	err := c.engine.Call(ctx, "DELETE", "/containers/"+found.ID+"?force=1", nil, nil)
	if err != nil && !engine.Missing(err) && !engine.Conflict(err) {
		return fmt.Errorf("removing the container %s: %w", c.name, err)
	}
	return nil
}

// versionOf returns the version of BuildKit that a buildkitd was compiled from,
// as a tag: "v0.33.1", or its size when it does not say.
func versionOf(binary string) string {
	info, err := buildinfo.ReadFile(binary)
	if err == nil {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == "github.com/moby/buildkit" {
				return strings.NewReplacer("+", "-", "(", "", ")", "").Replace(m.Version)
			}
		}
	}
	if file, err := os.Stat(binary); err == nil {
		return fmt.Sprint(file.Size())
	}
	return "unknown"
}
