//go:build e2e

package e2e

import (
	"archive/tar"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// published answers the amd64 image of a reference that was pushed.
func published(t *testing.T, reference string) v1.Image {
	t.Helper()
	serveRegistry(t)
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Image(ref, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: "amd64"}))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// contents answers the files of an image that are at the paths given, or below them.
func contents(t *testing.T, image v1.Image, paths ...string) map[string]string {
	t.Helper()
	tree := mutate.Extract(image)
	defer tree.Close()
	files := map[string]string{}
	for archive := tar.NewReader(tree); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if header.Name == path || strings.HasPrefix(header.Name, path+"/") {
				data, err := io.ReadAll(archive)
				if err != nil {
					t.Fatal(err)
				}
				files[header.Name] = string(data)
			}
		}
	}
}

const asking = `name: asking
from: {debian: "${suite}"}
run:
  - name: has no input
    sh: |
      read answer || echo no input >/input
      echo "$DEBIAN_FRONTEND" >>/input
  - name: asks for all
    sh: |
      printf '<%s>' "$@" >/arguments
      cat /run/secrets/file /run/secrets/variable | sha256sum >/sums
      [ -S "$SSH_AUTH_SOCK" ]
    args: [a b, "${suite}", "'"]
    network: host
    secrets: [file, variable]
    ssh: true
    timeout: 1m
`

// TestWhatStepsAreGiven: arguments, secrets and the agent must reach the step that
// asks, and leave no trace; nothing waits for a keyboard.
func TestWhatStepsAreGiven(t *testing.T) {
	dir := t.TempDir()
	for file, text := range map[string]string{"mine.yaml": asking, "token": "s3cret-of-a-file\n"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	agent := exec.Command("ssh-agent", "-D", "-a", filepath.Join(dir, "agent"))
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = agent.Process.Kill(); _ = agent.Wait() })
	eventually(t, func() string {
		conn, err := net.Dial("unix", filepath.Join(dir, "agent"))
		if err != nil {
			return err.Error()
		}
		conn.Close()
		return ""
	})
	user := call{dir: dir, env: []string{"VARIABLE=s3cret-of-a-variable", "SSH_AUTH_SOCK="}}
	if r := user.run(t, "oarbuild", "--recipe", "mine.yaml"); r.code != 2 || !strings.Contains(r.err, `mine.yaml:8:5: step "asks for all" asks for the secret "file"`) {
		t.Errorf("without secrets: exit code %d, %s", r.code, r.err)
	}
	given := []string{"--recipe", "mine.yaml", "--tag", "e2e", "--progress", "plain",
		"--secret", "id=file,src=token", "--secret", "id=variable,env=VARIABLE", "--ssh", "default=" + filepath.Join(dir, "agent")}
	built := user.run(t, "oarbuild", append(given, "--push")...)
	if built.code != 0 {
		t.Fatalf("exit code %d\n%s", built.code, built.err)
	}
	image := published(t, strings.TrimSpace(built.out))
	got := contents(t, image, "input", "arguments", "sums", "run/secrets", "run/ssh-agent", "run/buildkit")
	sum := must(t, "sh", "-c", "printf 's3cret-of-a-file\\ns3cret-of-a-variable' | sha256sum")
	for file, want := range map[string]string{"input": "no input\nnoninteractive\n", "arguments": "<a b><trixie><'>", "sums": sum + "\n"} {
		if got[file] != want {
			t.Errorf("/%s holds %q, want %q", file, got[file], want)
		}
		delete(got, file)
	}
	if len(got) > 0 {
		t.Errorf("the image holds %q", got)
	}
	config, err := image.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	graph := user.must(t, "oarbuild", "graph", "--recipe", "mine.yaml", "--format", "json")
	if strings.Contains(string(config)+built.err+graph, "s3cret") {
		t.Error("the configuration, the log or the graph holds a secret")
	}

	// Other secrets are no other step: its result comes from the cache.
	user.env[0] = "VARIABLE=another"
	if again := user.run(t, "oarbuild", append(given, "--push")...); again.out != built.out {
		t.Errorf("with another secret: %s%s", again.out, again.err)
	}
}

// TestAStepIsEndedAfterItsTimeout, with all that it started, and the error says so.
func TestAStepIsEndedAfterItsTimeout(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "name: mine\nfrom: {debian: \"${suite}\"}\nrun:\n  - {name: slow, sh: echo begun; sleep 600 & sleep 600, timeout: 2s}\n")
	r := call{dir: dir}.run(t, "oarbuild", "--recipe", "mine.yaml", "--progress", "plain")
	want := `oarbuild: error: building mine for linux/amd64: mine.yaml:4: step "[mine linux/amd64] run: slow" took longer than its timeout of 2s and was ended`
	if r.code != 1 || !strings.Contains(r.err, want) {
		t.Errorf("exit code %d, want %s in\n%s", r.code, want, r.err)
	}
	if strings.Contains(r.err, "shift 2") {
		t.Errorf("the program's own script is shown:\n%s", r.err)
	}
}

// TestAStepRunsAgain, and all that come after it, on what it made anew.
func TestAStepRunsAgain(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, `name: mine
from: {debian: "${suite}"}
run:
  - {name: zero, sh: date +%N >/zero}
  - {name: one, sh: date +%N >/one}
  - {name: two, sh: cp /one /two}
`)
	build := func(args ...string) map[string]string {
		r := call{dir: dir}.must(t, "oarbuild", append([]string{"--recipe", "mine.yaml", "--tag", "e2e", "--push"}, args...)...)
		return contents(t, published(t, r), "zero", "one", "two")
	}
	first, second, third := build(), build(), build("--no-cache=one")
	if first["one"] == "" || first["one"] != first["two"] || second["one"] != first["one"] || second["zero"] != first["zero"] {
		t.Errorf("first %q, then %q", first, second)
	}
	if third["zero"] != first["zero"] || third["one"] == first["one"] || third["two"] != third["one"] {
		t.Errorf("first %q, with one again %q", first, third)
	}
	if all := build("--no-cache=zero,two"); all["zero"] == third["zero"] || all["one"] == third["one"] {
		t.Errorf("before %q, with all again %q", third, all)
	}
}

// TestAnImageFromAnImage: the lower image's files and configuration must be there,
// and its layers as they were.
func TestAnImageFromAnImage(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "name: below\nfrom: {debian: \"${suite}\"}\nrun: [{name: one, sh: echo below >/below}]\n"+
		"image: {env: {A: below, B: below}, entrypoint: [/bin/echo, entry], cmd: [below], user: nobody}\n")
	below := call{dir: dir}.must(t, "oarbuild", "--recipe", "mine.yaml", "--tag", "e2e", "--push")
	digest := below[strings.Index(below, "@")+1:]
	write(t, dir, "name: above\nfrom: {image: \"localhost:5000/oarcluster/below@"+digest+"\"}\n"+
		"run: [{name: two, sh: echo $A $B $(id -u) $(cat /below) >/above}]\nimage: {env: {A: above}, cmd: [above]}\n")
	above := published(t, call{dir: dir}.must(t, "oarbuild", "--recipe", "mine.yaml", "--tag", "e2e", "--push"))
	if got := contents(t, above, "above"); got["above"] != "above below 0 below\n" {
		t.Errorf("the step wrote %q", got)
	}
	file, err := above.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	c := file.Config
	if c.User != "nobody" || strings.Join(c.Entrypoint, " ") != "/bin/echo entry" || strings.Join(c.Cmd, " ") != "above" || c.Labels["org.opencontainers.image.base.digest"] != digest {
		t.Errorf("the configuration is %+v", c)
	}
	lower, err := published(t, below).Layers()
	if err != nil {
		t.Fatal(err)
	}
	upper, err := above.Layers()
	if err != nil || len(upper) != len(lower)+1 {
		t.Fatalf("%d layers over %d, %v", len(upper), len(lower), err)
	}
	for i, l := range lower {
		want, err := l.Digest()
		if got, err2 := upper[i].Digest(); err != nil || err2 != nil || got != want {
			t.Errorf("layer %d is %v, below %v", i, got, want)
		}
	}
}
