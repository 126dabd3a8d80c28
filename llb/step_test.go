package llb

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/buildkit/solver/pb"
)

// online is a recipe whose one step asks for all that a step may.
const online = `name: online
from: {debian: trixie}
run:
  - name: fetch
    sh: fetch "$@"
    args: [a b, "-c"]
    network: host
    secrets: [token, netrc]
    ssh: true
    timeout: 90s
`

func TestAStepThatAsksForAll(t *testing.T) {
	t.Parallel()
	g := graph(t, input(load(t, map[string]string{"x.yaml": online}, "x.yaml"), "amd64"))
	op := steps(t, g)["[online linux/amd64] run: fetch"]
	if script, args := Script(op); script != `fetch "$@"` || !slices.Equal(args, []string{"a b", "-c"}) {
		t.Errorf("the script is %q with %q", script, args)
	}
	mounts := map[string]*pb.Mount{}
	for _, m := range op.Mounts {
		mounts[m.Dest] = m
	}
	for _, id := range []string{"token", "netrc"} {
		if s := mounts["/run/secrets/"+id].GetSecretOpt(); s.GetID() != id || s.GetOptional() || s.GetMode() != 0o400 {
			t.Errorf("secret %s is mounted as %v", id, s)
		}
	}
	if s := mounts["/run/ssh-agent"].GetSSHOpt(); s.GetID() != "default" || s.GetOptional() || !slices.Contains(op.Meta.Env, "SSH_AUTH_SOCK=/run/ssh-agent") {
		t.Errorf("the agent is mounted as %v, the environment %q", s, op.Meta.Env)
	}
	text, err := g.Text()
	if want := `secret=token secret=netrc ssh network=host`; err != nil || !strings.Contains(text, want) {
		t.Errorf("no %s in\n%s%v", want, text, err)
	}
	for _, v := range must(t, g) {
		want := time.Duration(0)
		if g.Step(v.digest) == "fetch" {
			want = 90 * time.Second
		}
		if got := g.Timeout(v.digest); got != want {
			t.Errorf("%s may take %v, want %v", v.name, got, want)
		}
	}
}

// runStep runs step.sh here, with nothing for it to find.
func runStep(t *testing.T, args ...string) (string, error) {
	t.Helper()
	script, err := os.ReadFile("step.sh")
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Replace(string(script), "find / ", "find "+t.TempDir()+" ", 1)
	cmd := exec.Command("/bin/sh", append([]string{"-e", "-c", body, "step"}, args...)...)
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1")
	stdin, err := os.Open(filepath.Join("testdata", "base_amd64.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	cmd.Stdin = stdin
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestAStepGetsItsArgumentsAndNoInput(t *testing.T) {
	t.Parallel()
	const script = `printf '<%s>' "$0" "$@"; read line || echo no input`
	for _, limit := range []string{"0", "60"} {
		if out, err := runStep(t, limit, script, "a b", "", `"$HOME"`); err != nil || out != `<step><a b><><"$HOME">no input`+"\n" {
			t.Errorf("limit %s: got %s, %v", limit, out, err)
		}
	}
}

func TestAStepEndsWithItsScript(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		limit, script string
		code          int
	}{
		{"0", "false; exit 0", 1},
		{"60", "exit 7", 7},
		{"0.05", "sleep 600", 124},
		{"0.05", "sleep 600 & wait", 124},
	} {
		begun := time.Now()
		_, err := runStep(t, tc.limit, tc.script)
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != tc.code || time.Since(begun) > time.Minute {
			t.Errorf("%q with limit %s: %v after %v, want %d", tc.script, tc.limit, err, time.Since(begun), tc.code)
		}
	}
}

// TestWhatIsBesideAStepIsNotRead: it is named by its vertex, not by its bytes.
func TestWhatIsBesideAStepIsNotRead(t *testing.T) {
	t.Parallel()
	in := input(load(t, map[string]string{"x.yaml": small}, "x.yaml"), "amd64")
	beside := 0
	for name, step := range steps(t, graph(t, in)) {
		for _, m := range step.Mounts {
			if m.Dest == "/" {
				continue
			}
			if beside++; m.ContentCache != pb.MountContentCache_OFF || !m.Readonly {
				t.Errorf("%s: %s is %v", name, m.Dest, m)
			}
		}
	}
	if beside != 6 { // the library four times, the tree beneath, the files
		t.Errorf("%d mounts are beside steps", beside)
	}
}
