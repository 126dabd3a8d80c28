//go:build e2e

package e2e

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// deployed is what `oardeploy --json` tells of a cluster.
type deployed struct {
	API        string `json:"api"`
	Monika     string `json:"monika"`
	Drawgantt  string `json:"drawgantt"`
	PhpPgAdmin string `json:"phppgadmin"`
	SSHConfig  string `json:"ssh_config"`
}

// TestACluster walks through the life of one cluster of two nodes: deployed,
// looked at, used, changed, stopped and cleaned.
func TestACluster(t *testing.T) {
	must(t, "oarbuild", "--push")
	must(t, "oardeploy", "clean", cluster)
	work := call{dir: t.TempDir()}
	defer func() {
		if t.Failed() {
			t.Log(call{}.run(t, "oardeploy", "logs", "--name", cluster))
		}
		must(t, "oardeploy", "clean", cluster)
	}()

	var c deployed
	if err := json.Unmarshal([]byte(work.must(t, "oardeploy", "-n", "2", "--name", cluster, "--json")), &c); err != nil {
		t.Fatal(err)
	}
	t.Run("every service runs under the name it had", checkServices)
	t.Run("a second deploy finds nothing to do", func(t *testing.T) { checkUnchanged(t, work) })
	t.Run("jobs run", checkJobs)
	t.Run("the API answers and guards", func(t *testing.T) { checkAPI(t, c) })
	t.Run("the pages render in a browser", func(t *testing.T) { checkPages(t, c) })
	t.Run("ssh reaches every host", func(t *testing.T) { checkSSH(t, c) })
	t.Run("a terminal on the frontend", func(t *testing.T) { checkTerminal(t, work) })
	t.Run("it can be looked at", checkShown)
	t.Run("nodes come and go", checkScale)
	t.Run("it can be stopped and started", checkAcross)
	t.Run("a host can be restarted", checkRestart)
	t.Run("orphans are reaped", checkOrphans)
	t.Run("the server stops cleanly", checkStop)
	t.Run("a deploy brings back what was killed", func(t *testing.T) { checkBack(t, work) })
	t.Run("clean leaves nothing", checkClean)
}

func checkServices(t *testing.T) {
	for host, want := range map[string]string{
		"server":   "oar-server postgresql rsyslogd sshd",
		"frontend": "apache2 oarapi rsyslogd sshd",
		"node1":    "oar-node rsyslogd sshd",
	} {
		var running []string
		for line := range strings.Lines(must(t, "oardeploy", "exec", "--name", cluster, host, "--", "supervisorctl", "status")) {
			if fields := strings.Fields(line); len(fields) > 1 && fields[1] == "RUNNING" {
				running = append(running, fields[0])
			}
		}
		if got := strings.Join(running, " "); got != want {
			t.Errorf("on %s run %q, want %q", host, got, want)
		}
	}
}

// checkUnchanged compares the containers before and after: the same ids, so none was made again.
func checkUnchanged(t *testing.T, work call) {
	before := containers(t)
	work.must(t, "oardeploy", "-n", "2", "--name", cluster)
	if after := containers(t); after != before {
		t.Errorf("containers before\n%s\nafter\n%s", before, after)
	}
}

// containers lists the ids and names of the cluster's containers, sorted by name.
func containers(t *testing.T) string {
	return must(t, "sh", "-c", "docker ps -a --filter label=oarcluster.name="+cluster+" --format '{{.Names}} {{.ID}}' | sort")
}

// checkScale: one node more, then two less, two more and one less; OAR must know each
// time. A job on a node that stays goes on, one on a node that goes is ended and told of.
func checkScale(t *testing.T) {
	stays := submit(t, `-p "host='node1'" 'sleep 4343'`)
	await(t, stays, "Running")
	lost := ""
	for _, step := range []struct{ nodes, alive string }{{"3", "node1 node2 node3"}, {"1", "node1"}, {"3", "node1 node2 node3"}, {"2", "node1 node2"}} {
		must(t, "oardeploy", "scale", step.nodes, "--name", cluster)
		if lost != "" {
			if got := front(t, "oarstat -f -j "+lost); !strings.Contains(got, "state = Error") || !strings.Contains(got, "assigned_hostnames = node3") {
				t.Errorf("oarstat of the job that ran on node3 says\n%s", got)
			}
		}
		got := strings.Fields(front(t, `oarnodes --sql "state='Alive'" | sed -n 's/^network_address: //p' | sort -u`))
		if strings.Join(got, " ") != step.alive {
			t.Errorf("with %s nodes OAR has %q Alive, want %q", step.nodes, got, step.alive)
		}
		if step.nodes == "3" {
			lost = submit(t, `-p "host='node3'" 'sleep 4344'`)
			await(t, lost, "Running")
		}
	}
	await(t, stays, "Running")
	front(t, "oardel "+stays)
	if got := must(t, "oardeploy", "plan", "-n", "2", "--name", cluster); got != "nothing to do" {
		t.Errorf("after scaling, the flags of the deploy want\n%s", got)
	}
}

// checkAcross: a job that runs across stop and start is lost with its processes, and
// OAR says so; one that waits runs then. Addresses and containers stay, and what a
// reboot takes away is made again.
func checkAcross(t *testing.T) {
	before := containers(t)
	runs := submit(t, "-l /nodes=2 'sleep 4545'")
	await(t, runs, "Running")
	waits := submit(t, "-l /nodes=2 'uniq $OAR_NODEFILE'")
	must(t, "oardeploy", "stop", "--name", cluster)
	if got := must(t, "docker", "ps", "-q", "--filter", "label=oarcluster.name="+cluster); got != "" {
		t.Errorf("after stop there runs %s", got)
	}
	must(t, "rm", "-r", "/tmp/oarcluster-"+cluster)
	must(t, "oardeploy", "start", "--name", cluster)
	if after := containers(t); after != before {
		t.Errorf("containers before\n%s\nafter\n%s", before, after)
	}
	await(t, runs, "Error")
	await(t, waits, "Terminated")
	if got := front(t, "sort /data/OAR."+waits+".stdout"); got != "node1\nnode2" {
		t.Errorf("the job that waited printed %q", got)
	}
}

// checkRestart: the one node is in service again, and its job is not.
func checkRestart(t *testing.T) {
	lost := submit(t, `-p "host='node2'" 'sleep 4646'`)
	await(t, lost, "Running")
	must(t, "oardeploy", "restart", "node2", "--name", cluster)
	await(t, lost, "Error")
	again := submit(t, `-p "host='node2'" hostname`)
	await(t, again, "Terminated")
}

// checkOrphans: a process whose parent has died must not stay a zombie.
func checkOrphans(t *testing.T) {
	inside := func(line string) string {
		return must(t, "oardeploy", "exec", "--name", cluster, "node1", "--", "sh", "-c", line)
	}
	inside("for i in 1 2 3 4 5 6 7 8; do (sleep 0.4242 &) ; done")
	eventually(t, func() string { return inside("pgrep -f 'sleep 0[.]4242' || true") })
	// Whatever ends is one until its parent has heard of it.
	eventually(t, func() string { return inside("ps -eo stat,args | grep '^Z' || true") })
}

// checkStop: SIGTERM must end every service in order, the database above all.
func checkStop(t *testing.T) {
	name := cluster + "_server"
	stopped(t, name)
	if code := must(t, "docker", "inspect", "-f", "{{.State.ExitCode}}", name); code != "0" {
		t.Errorf("the server ended with %s; 137 is a kill", code)
	}
	log, err := exec.Command("sh", "-c", "docker cp "+name+":/var/log/postgresql - | tar -xO").CombinedOutput()
	if err != nil {
		t.Fatalf("reading PostgreSQL's log: %v: %s", err, log)
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, "database system is shut down") {
		t.Errorf("PostgreSQL's last words are %q", last)
	}
}

// checkShown: status, logs and plan must tell what is there.
func checkShown(t *testing.T) {
	for verb, want := range map[string][]string{
		"status": {"server", "frontend", "node1", "node2", "dns", "Alive", "127.0.0.1:"},
		"logs":   {"oarcluster: server ready", "oarcluster: node2 alive", "oarcluster: frontend ready"},
	} {
		if got := must(t, "oardeploy", verb, "--name", cluster); !containsAll(got, want) {
			t.Errorf("%s does not tell %q:\n%s", verb, want, got)
		}
	}
	if got := must(t, "oardeploy", "plan", "-n", "3", "--name", cluster); !strings.Contains(got, "create "+cluster+"_node3") || strings.Contains(got, "create "+cluster+"_node2") {
		t.Errorf("the plan of one node more is\n%s", got)
	}
}

func containsAll(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
}

// checkBack: after all its containers died at once, as by a reboot, the cluster
// must be ready only when a job can run on both nodes.
func checkBack(t *testing.T, work call) {
	must(t, "sh", "-c", "docker ps -q --filter label=oarcluster.name="+cluster+" | xargs docker kill")
	work.must(t, "oardeploy", "-n", "2", "--name", cluster)
	job := submit(t, "-l /nodes=2 'uniq $OAR_NODEFILE'")
	await(t, job, "Terminated")
	if got := front(t, "sort /data/OAR."+job+".stdout"); got != "node1\nnode2" {
		t.Errorf("the job printed %q", got)
	}
}

func checkClean(t *testing.T) {
	must(t, "oardeploy", "clean", cluster)
	if left := traces(t, cluster); left != "" {
		t.Errorf("clean left %s", left)
	}
	must(t, "oardeploy", "clean", cluster)
}
