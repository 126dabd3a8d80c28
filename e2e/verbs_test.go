//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// verbs is the cluster of TestVerbs, and as a flag.
const verbs = "e2e-verbs"

// TestVerbs does with a cluster what users of docker, compose and kind expect to do.
func TestVerbs(t *testing.T) {
	needImages(t)
	must(t, "oardeploy", "clean", verbs)
	defer must(t, "oardeploy", "clean", verbs)
	call{dir: t.TempDir()}.must(t, "oardeploy", "-n", "1", "--name", verbs)
	t.Run("files come and go as docker copies them", checkCopies)
	t.Run("a link in a copy leads nowhere", checkLinks)
	t.Run("arguments arrive as they are, and exit codes", checkArguments)
	t.Run("a command has a terminal", checkExecTerminal)
	t.Run("a plan is printed and nothing else done", checkDryRuns)
	t.Run("logs are followed to hosts that come", checkFollowing)
}

// at runs a program on a host of the cluster.
func at(t *testing.T, host string, argv ...string) string {
	t.Helper()
	return must(t, "oardeploy", append([]string{"exec", "--name", verbs, host, "--"}, argv...)...)
}

// checkCopies compares each copy with docker's own: contents, owners, modes, links.
func checkCopies(t *testing.T) {
	work := call{dir: t.TempDir()}
	work.must(t, "sh", "-c", `mkdir -p "a dir/sub" && echo text >"a dir/x" && echo it >"a dir/sub/it's" &&
		ln -s x "a dir/link" && chmod 0640 "a dir/x" && chmod 0750 "a dir/sub" && { chown 1234:2345 "a dir/x" || test "$(id -u)" != 0; }`)
	const listing = `cd "$1" && find . -printf '%p %m %U:%G %l\n' | sort && cat x sub/*`
	work.must(t, "docker", "cp", "a dir", verbs+"_node1:/theirs")
	work.must(t, "oardeploy", "cp", "--name", verbs, "a dir", "node1:/ours")
	theirs, ours := at(t, "node1", "sh", "-c", listing, "-", "/theirs"), at(t, "node1", "sh", "-c", listing, "-", "/ours")
	if ours != theirs || !strings.Contains(ours, "text") {
		t.Errorf("on the host there is\n%s\nwith docker cp\n%s", ours, theirs)
	}
	work.must(t, "docker", "cp", verbs+"_node1:/ours", "theirs")
	work.must(t, "oardeploy", "cp", "--name", verbs, "node1:/ours", "ours")
	theirs, ours = work.must(t, "sh", "-c", listing, "-", "theirs"), work.must(t, "sh", "-c", listing, "-", "ours")
	if ours != theirs || !strings.Contains(ours, "text") {
		t.Errorf("here there is\n%s\nwith docker cp\n%s", ours, theirs)
	}
	work.must(t, "sh", "-c", fmt.Sprintf("%s cp --name %s node1:/ours/. - | %[1]s cp --name %[2]s - frontend:/mnt", program(t, "oardeploy"), verbs))
	if got := at(t, "frontend", "cat", "/mnt/x"); got != "text" {
		t.Errorf("from host to host came %q", got)
	}
	if r := work.run(t, "oardeploy", "cp", "--name", verbs, "node1:/nothing", "."); r.code != 1 || !strings.Contains(r.err, "hint: paths of a host are absolute") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

// checkLinks: root on a host lays a link to a folder of this machine, and puts a folder
// in its place when the link was copied. Nothing may be written through the link.
func checkLinks(t *testing.T) {
	work, victim := call{dir: t.TempDir()}, t.TempDir()
	at(t, "node1", "sh", "-c", `mkdir /evil && ln -s "$1" /evil/link`, "-", victim)
	work.must(t, "oardeploy", "cp", "--name", verbs, "node1:/evil", ".")
	if got := work.must(t, "readlink", "evil/link"); got != victim {
		t.Errorf("the link leads to %q", got)
	}
	at(t, "node1", "sh", "-c", "rm /evil/link && mkdir /evil/link && echo pwned >/evil/link/x")
	work.must(t, "oardeploy", "cp", "--name", verbs, "node1:/evil", ".")
	if left, err := os.ReadDir(victim); err != nil || len(left) > 0 {
		t.Errorf("through the link came %v, %v", left, err)
	}
	if got := work.must(t, "cat", "evil/link/x"); got != "pwned" {
		t.Errorf("in the link's place there is %q", got)
	}
}

func checkArguments(t *testing.T) {
	odd := []string{"a b", "", "it's", `"quoted"`, "$HOME", "*", "--", "-x", "two\nlines"}
	if got, want := at(t, "node1", append([]string{"printf", "<%s>"}, odd...)...), "<"+strings.Join(odd, "><")+">"; got != want {
		t.Errorf("arguments arrived as %q, want %q", got, want)
	}
	exec := func(stdin string, args ...string) result {
		return call{stdin: stdin}.run(t, "oardeploy", append([]string{"exec", "--name", verbs}, args...)...)
	}
	for user, want := range map[string]string{"docker": "1000:1000", "nobody": "65534:65534", "1000:4": "1000:4", "": "0:0"} {
		if r := exec("", "-u", user, "node1", "--", "sh", "-c", "echo $(id -u):$(id -g)"); strings.TrimSpace(r.out) != want {
			t.Errorf("as %q it is %q, exit %d: %s", user, r.out, r.code, r.err)
		}
	}
	if r := exec("one\ntwo\n", "-i", "node1", "--", "sh", "-c", "wc -l; echo no >&2; exit 42"); r.code != 42 || r.out != "2\n" || r.err != "no\n" {
		t.Errorf("got exit %d, %q, %q", r.code, r.out, r.err)
	}
	if r := exec("", "-t", "node1", "--", "tty"); r.code != 0 || !strings.HasPrefix(r.out, "/dev/pts/") {
		t.Errorf("with -t, exit %d: %q, %s", r.code, r.out, r.err)
	}
	if r := exec("", "-it", "node1", "--", "tty"); r.code != 2 || !strings.Contains(r.err, "the input is none") {
		t.Errorf("-it without a terminal: exit %d, %s", r.code, r.err)
	}
	if r := exec("", "-u", "ghost", "node1", "--", "true"); r.code == 0 {
		t.Error("a user that is not there ran something")
	}
}

// checkExecTerminal: keys arrive one by one, the size is ours, ^C is the program's.
func checkExecTerminal(t *testing.T) {
	for _, tc := range []struct {
		flags, script, typed, shown string
		code                        int
	}{
		{"-it", `echo ready; read -r line; tty -s && echo "got $line"; stty size; exit 5`, "hello\n", "got hello\n40 120\n", 5},
		{"", `trap 'echo caught; exit 6' INT; echo ready; sleep 60 & wait`, "\x03", "ready\n^Ccaught\n", 6},
		{"-t=false", `echo ready; tty || exit 7`, "", "not a tty\n", 7},
	} {
		argv := []string{"exec", "--name", verbs, "-u", "docker", "node1", "--", "sh", "-c", tc.script}
		if tc.flags != "" {
			argv = append([]string{argv[0], tc.flags}, argv[1:]...)
		}
		cmd := exec.Command(program(t, "oardeploy"), argv...)
		terminal, seen := onScreen(t, cmd)
		seen.await(t, "ready")
		if _, err := terminal.Write([]byte(tc.typed)); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // its exit code is looked at
		seen.await(t, tc.shown)
		if code := cmd.ProcessState.ExitCode(); code != tc.code {
			t.Errorf("exec %s: exit %d, want %d:\n%s", tc.flags, code, tc.code, seen)
		}
	}
}

func checkDryRuns(t *testing.T) {
	containers := func() string {
		return must(t, "sh", "-c", "docker ps -a --filter label=oarcluster.name="+verbs+" --format '{{.Names}} {{.ID}} {{.State}}' | sort")
	}
	before := containers()
	for line, want := range map[string]string{
		"scale 2": "create " + verbs + "_node2: not there", "scale 1": "nothing to do", "stop": "stop " + verbs + "_server",
		"start": "nothing to do", "restart node1": "start " + verbs + "_node1",
	} {
		if got := must(t, "oardeploy", append(strings.Fields(line), "--dry-run", "--name", verbs)...); !strings.Contains(got, want) {
			t.Errorf("%s would do\n%s", line, got)
		}
	}
	if after := containers(); after != before {
		t.Errorf("containers before\n%s\nafter\n%s", before, after)
	}
}

// checkFollowing: one node more, one that is restarted, one less and the end.
func checkFollowing(t *testing.T) {
	cmd := exec.Command(program(t, "oardeploy"), "logs", "-f", "--tail", "1", "--name", verbs)
	var seen, said screen
	cmd.Stdout, cmd.Stderr = &seen, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	seen.await(t, "node1    | ")
	line := func(host string) string { return fmt.Sprintf("%-9s| oarcluster: node ready\n", host) }
	shown := func(host string) int { return strings.Count(seen.String(), line(host)) }
	ready := func(host string, times int) {
		t.Helper()
		eventually(t, func() string {
			if got := shown(host); got != times {
				return fmt.Sprintf("%q is shown %d times, not %d:\n%s%s", line(host), got, times, seen.String(), said.String())
			}
			return ""
		})
	}
	before := shown("node1") // its last line may be that one
	must(t, "oardeploy", "scale", "2", "--name", verbs)
	ready("node2", 1)
	must(t, "oardeploy", "restart", "node1", "--name", verbs)
	ready("node1", before+1)
	must(t, "oardeploy", "scale", "1", "--name", verbs)
	at(t, "node1", "sh", "-c", "echo still heard >/proc/1/fd/1")
	seen.await(t, "node1    | still heard\n")
	if got := must(t, "oardeploy", "logs", "--since", "1h", "--tail", "1", "--name", verbs, "node1"); strings.Contains(got, "\n") || got == "" {
		t.Errorf("the last line is %q", got)
	}
	time.Sleep(1100 * time.Millisecond)
	if got := must(t, "oardeploy", "logs", "--since", "1s", "--name", verbs, "dns"); got != "" {
		t.Errorf("dns said just now %q", got)
	}
	must(t, "oardeploy", "clean", verbs)
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("following ended with %v: %s", err, said.String())
		}
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		t.Error("following goes on without a cluster")
	}
}
