//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAClusterFromAFile deploys the manual's example: its groups, properties, queue and
// users must be OAR's, and a change of them must reach a cluster that runs.
func TestAClusterFromAFile(t *testing.T) {
	must(t, "oarbuild", "--push")
	must(t, "oardeploy", "clean", cluster)
	defer must(t, "oardeploy", "clean", cluster)
	work := call{dir: t.TempDir()}
	key := filepath.Join(work.dir, "key")
	must(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	public := must(t, "cat", key+".pub")
	example := must(t, "cat", "../docs/cluster.yaml")
	text := regexp.MustCompile(`keys: \[.*\]`).ReplaceAllString(strings.Replace(example, "name: lab", "name: "+cluster, 1), "keys: ["+public+"]")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(work.dir, "cluster.yaml"), []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ann := func(line string) string {
		t.Helper()
		return must(t, "ssh", "-F", "/tmp/oarcluster-"+cluster+"/ssh_config", "-i", key, "ann@frontend", line)
	}
	write(text)
	work.must(t, "oardeploy", "-f", "cluster.yaml")
	if got := work.must(t, "oardeploy", "plan", "-f", "cluster.yaml"); got != "nothing to do" {
		t.Errorf("after the deploy there is to do:\n%s", got)
	}

	job := jobID(t, ann(`oarsub -q night -p "disk='ssd' AND rack=2" -l /host=1/core=3 'hostname; id -un; id -u; pwd'`))
	await(t, job, "Terminated")
	if got := ann("cat OAR." + job + ".stdout"); got != "fat1\nann\n2001\n/home/ann" {
		t.Errorf("the user's job printed %q", got)
	}
	if got := front(t, "oarstat -f -j "+job); !strings.Contains(got, "queue = night") || !strings.Contains(got, "owner = ann") {
		t.Errorf("oarstat -f tells\n%s", got)
	}
	if got := front(t, "sudo grep -c '^SCHEDULER_JOB_SECURITY_TIME=\"2\"' /etc/oar/oar.conf"); got != "1" {
		t.Errorf("the setting is there %s times", got)
	}

	before := containers(t)
	write(strings.NewReplacer("night: {priority: 1}", "day: {priority: 3}", "rack: int", "room: string", "rack: 1", "room: a b", "rack: 2", "room: c",
		"bob: {uid: 2002}", "eve: {uid: 2003}", "SCHEDULER_JOB_SECURITY_TIME: 2", "LOG_LEVEL: 2").Replace(text))
	work.must(t, "oardeploy", "-f", "cluster.yaml")
	if after := containers(t); after != before {
		t.Errorf("a change of settings replaced containers: before\n%s\nafter\n%s", before, after)
	}
	await(t, jobID(t, ann(`oarsub -q day -p "room='a b'" -l /host=2 'hostname'`)), "Terminated")
	checkChanged(t)
	checkWatcher(t)

	// An account that was made by hand, and a uid that has changed.
	must(t, "docker", "exec", cluster+"_node1", "useradd", "-u", "2050", "hand")
	write(strings.NewReplacer("uid: 2001", "uid: 2051", "bob: {uid: 2002}", "zoe: {uid: 2050}").Replace(text))
	work.must(t, "oardeploy", "-f", "cluster.yaml")
	checkLeftOut(t, "zoe")
	if got := ann("stat -c '%u %a' . && touch more && stat -c %u OAR." + job + ".stdout"); got != "2051 700\n2051" {
		t.Errorf("ann's home and a file of hers: %q", got)
	}
}

// checkLeftOut: the log of node1 must tell of a user that it has not.
func checkLeftOut(t *testing.T, user string) {
	t.Helper()
	eventually(t, func() string {
		if log := must(t, "docker", "logs", cluster+"_node1"); !strings.Contains(log, "leaving out user "+user) {
			return "the log of node1 does not tell of " + user + ":\n" + log
		}
		return ""
	})
}

// checkWatcher: of all reloads while a host does not answer, the last one alone must go
// on watching, and end when it answers.
func checkWatcher(t *testing.T) {
	stopped(t, cluster+"_node1")
	inside := func(args ...string) string {
		return must(t, "docker", append([]string{"exec", cluster + "_server"}, args...)...)
	}
	watchers := func(want string) {
		eventually(t, func() string {
			if got := inside("sh", "-c", "pgrep -fc '^/usr/bin/perl /usr/lib/oarcluster/oar-resources' || true"); got != want {
				return want + " watchers instead of " + got
			}
			return ""
		})
	}
	for range 3 {
		inside("/usr/lib/oarcluster/oar-resources", "/etc/oarcluster", "reload")
	}
	watchers("1")
	must(t, "docker", "start", cluster+"_node1")
	watchers("0")
}

// checkChanged: what the changed file has must be on every host, and what it has not
// any more must be gone.
func checkChanged(t *testing.T) {
	for line, want := range map[string]string{
		"id -u eve":              "2003",
		"id -u bob || echo none": "none",
		"sudo grep -c '^LOG_LEVEL=\"2\"' /etc/oar/oar.conf":            "1",
		"sudo grep -c 'SECURITY_TIME=\"2\"' /etc/oar/oar.conf || true": "0",
	} {
		for _, host := range []string{"frontend", "node1", "server"} {
			if got := must(t, "oardeploy", "ssh", "--name", cluster, host, "--", line+" 2>/dev/null"); got != want {
				t.Errorf("%s on %s: %q, want %q", line, host, got, want)
			}
		}
	}
	queues := must(t, "oardeploy", "exec", "--name", cluster, "server", "--", "oarnotify", "-l")
	if strings.Contains(queues, "night") || !strings.Contains(queues, "day") || !strings.Contains(queues, "besteffort") {
		t.Errorf("the queues are\n%s", queues)
	}
	if got := front(t, "oarnodes | grep -c rack || true"); got != "0" {
		t.Errorf("a property that is gone is on %s cores", got)
	}
}
