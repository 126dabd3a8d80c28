//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
)

// TestWhenSomethingFails: whatever fails around a cluster of two nodes or in it, status
// tells what is, and the cluster comes back: by itself, or by the deploy that made it.
func TestWhenSomethingFails(t *testing.T) {
	must(t, "oarbuild", "--push")
	c := newComputer(t, "200m", kind{})
	for _, name := range []string{alone, alone + "-2"} {
		must(t, "rm", "-rf", "/tmp/oarcluster-"+name) // a test that was killed leaves it
		t.Cleanup(func() { _ = os.RemoveAll("/tmp/oarcluster-" + name) })
	}
	c.on(t)
	if !t.Run("the disk is too small for the images", c.noRoomForImages) {
		return // there is no cluster to suffer more
	}
	t.Run("a node is killed", c.nodeKilled)
	t.Run("a node is paused", c.nodePaused)
	t.Run("all hosts are paused", c.allPaused)
	t.Run("PostgreSQL is killed", c.databaseKilled)
	t.Run("the Engine is restarted", c.engineRestarted)
	t.Run("the Engine is killed", c.engineKilled)
	t.Run("the power goes", c.powerCut)
	t.Run("the registry is gone", c.registryGone)
	t.Run("the disk is full", c.diskFull)
	t.Run("clean leaves nothing", func(t *testing.T) {
		c.must(t, "oardeploy", "clean", alone)
		c.nothing(t)
	})
}

// noRoomForImages: one error names the disk, and so does doctor; with room, the same
// deploy succeeds. From then on there is no registry: images that are pushed meanwhile
// change nothing here.
func (c *computer) noRoomForImages(t *testing.T) {
	c.refused(t, "pulling ", "-n", "2", "--name", alone)
	c.nothing(t)
	r := c.run(t, "oardeploy", "doctor", "--name", alone)
	if r.code != 1 || !strings.Contains(r.out, "problem  disk ") || !strings.Contains(r.out, "→ make room: ") {
		t.Errorf("doctor: exit %d\n%s", r.code, r.out)
	}
	c.must(t, "mount", "-o", "remount,size=4g", c.root+"/disk")
	c.deploy(t)
	c.env = append(c.env, "XDG_DATA_HOME="+c.root) // the folder of the registry is below
}

// refused checks that a deploy fails for want of room.
func (c *computer) refused(t *testing.T, what string, args ...string) {
	t.Helper()
	r := c.run(t, "oardeploy", args...)
	if r.code != 1 || !strings.Contains(strings.ToLower(r.err), "no space left on device") || !strings.Contains(r.err, "oardeploy: error: "+what) ||
		strings.Count(r.err, "oardeploy: error: ") != 1 || !strings.Contains(r.err, "\noardeploy: hint: the disk is full; make room: ") {
		t.Errorf("exit %d\n%s", r.code, r.err)
	}
}

// nodeKilled: OAR does not see it, the engine does; a deploy starts it again, and start
// does, and the job that it had is shown as lost.
func (c *computer) nodeKilled(t *testing.T) {
	lost := c.running(t, "-p \"host='node2'\" 'sleep 4747'")
	before := c.containers(t)
	c.must(t, "docker", "kill", alone+"_node2")
	c.shows(t, map[string]string{"node1": "running Alive", "node2": "exited Alive " + lost, "server": "running"})
	c.deploy(t)
	c.same(t, before)
	c.await(t, lost, "Error")
	c.must(t, "docker", "kill", alone+"_node1")
	c.shows(t, map[string]string{"node1": "exited Alive", "node2": "running Alive"})
	c.must(t, "oardeploy", "start", "--name", alone)
	c.same(t, before)
	c.works(t)
}

// nodePaused: its job goes on where it was.
func (c *computer) nodePaused(t *testing.T) {
	goesOn := c.running(t, "-p \"host='node2'\" 'sleep 4848'")
	before := c.containers(t)
	c.must(t, "docker", "pause", alone+"_node2")
	c.shows(t, map[string]string{"node2": "paused Alive " + goesOn})
	c.deploy(t)
	c.same(t, before)
	c.shows(t, map[string]string{"node2": "running Alive " + goesOn})
	c.front(t, "oardel "+goesOn)
	c.await(t, goesOn, "Error")
	c.works(t)
}

// allPaused: OAR cannot be asked, and status says so; nothing is made anew.
func (c *computer) allPaused(t *testing.T) {
	before := c.containers(t)
	c.must(t, "sh", "-c", "docker pause $(docker ps -q)")
	c.shows(t, map[string]string{"dns": "paused", "frontend": "paused", "node1": "paused ?", "node2": "paused ?", "server": "paused asking OAR: its server is paused"})
	c.must(t, "oardeploy", "start", "--name", alone)
	c.same(t, before)
	c.works(t)
}

// checkpoint has PostgreSQL write what it knows: of the last moments it tells the disk a
// little later, and a job that it takes back from running to launching stays there.
const checkpoint = "setuser postgres psql -qc CHECKPOINT"

// databaseKilled: it is started again by the server itself, while jobs run. What would
// start it is held until status was asked.
func (c *computer) databaseKilled(t *testing.T) {
	goesOn := c.running(t, "-p \"host='node1'\" 'sleep 4949'")
	c.server(t, checkpoint)
	holder := c.server(t, "database=$(head -n 1 /var/lib/postgresql/*/main/postmaster.pid); holder=$(ps -o ppid= $database); kill -STOP $holder; kill -KILL $database; echo $holder")
	c.shows(t, map[string]string{"node1": "running ?", "node2": "running ?", "server": "running asking OAR: its database does not answer (exit status 2)"})
	c.server(t, "kill -CONT "+holder)
	c.comesBack(t, map[string]string{"node1": "running Alive " + goesOn, "node2": "running Alive", "server": "running"})
	c.await(t, goesOn, "Running")
	c.front(t, "oardel "+goesOn)
	c.await(t, goesOn, "Error")
	c.works(t)
	if got := c.must(t, "oardeploy", "plan", "-n", "2", "--name", alone); got != "nothing to do" {
		t.Errorf("after it there is to do:\n%s", got)
	}
}

// engineRestarted: a cluster that ran comes back by itself, with all but the job that
// ran, and one that was stopped does not.
func (c *computer) engineRestarted(t *testing.T) {
	before, runs, waits := c.busy(t)
	c.endEngine(t, "TERM")
	if r := c.run(t, "oardeploy", "status"); r.code != 1 || !strings.Contains(r.err, "looking for a Docker Engine") || !strings.Contains(r.err, "hint: start it") {
		t.Errorf("status without an Engine: exit %d\n%s", r.code, r.err)
	}
	c.startEngine(t)
	c.back(t, before, runs, waits)

	c.must(t, "oardeploy", "stop", "--name", alone)
	c.endEngine(t, "TERM")
	c.startEngine(t)
	c.shows(t, map[string]string{"dns": "exited", "frontend": "exited", "node1": "exited ?", "node2": "exited ?", "server": "exited asking OAR: its server is exited"})
	c.must(t, "oardeploy", "start", "--name", alone)
	c.works(t)
}

// engineKilled: an Engine that was killed ends its containers when it starts again, and
// may leave them so. status tells which do not run; the deploy brings them back.
func (c *computer) engineKilled(t *testing.T) {
	before, runs, waits := c.busy(t)
	c.endEngine(t, "KILL")
	c.startEngine(t)
	for host, says := range c.status(t) {
		if is := c.must(t, "docker", "inspect", "-f", "{{.State.Status}}", alone+"_"+host); strings.Fields(says)[0] != is {
			t.Errorf("status says of %s %q, the Engine %q", host, says, is)
		}
	}
	c.deploy(t)
	c.back(t, before, runs, waits)
}

// powerCut: the cluster comes back with the machine; start makes what was in /tmp.
func (c *computer) powerCut(t *testing.T) {
	before, runs, waits := c.busy(t)
	c.server(t, checkpoint)
	c.off()
	must(t, "rm", "-r", "/tmp/oarcluster-"+alone)
	c.on(t)
	c.comesBack(t, map[string]string{"node1": "running Alive", "node2": "running Alive", "server": "running", "frontend": "running", "dns": "running"})
	c.must(t, "oardeploy", "start", "--name", alone)
	c.back(t, before, runs, waits)
}

// registryGone: what is there is taken, and that is said; what is not is an error that
// tells what to do.
func (c *computer) registryGone(t *testing.T) {
	r := c.run(t, "oardeploy", "-n", "3", "--name", alone)
	if r.code != 0 || !strings.Contains(r.err, "taking 4 of 4 images as the engine has them: their registry does not answer, refuses, or has them not") {
		t.Errorf("with images: exit %d\n%s", r.code, r.err)
	}
	c.shows(t, map[string]string{"node3": "running Alive"})
	c.deploy(t)
	r = c.run(t, "oardeploy", "-n", "1", "--name", alone+"-2", "--tag", "0")
	if r.code != 1 || !strings.Contains(r.err, "oardeploy: error: asking the registry for \"localhost:5000/oarcluster/") ||
		!strings.Contains(r.err, "\noardeploy: hint: build the images with `oarbuild --push`, name another --registry or --tag") {
		t.Errorf("without: exit %d\n%s", r.code, r.err)
	}
	r = c.run(t, "oardeploy", "doctor", "--name", alone)
	if r.code != 0 || !strings.Contains(r.out, "warning  images     all 4 are there, but none can be renewed") {
		t.Errorf("doctor: exit %d\n%s", r.code, r.out)
	}
}

// diskFull: a further cluster fails with one error and leaves nothing; the one that runs
// is as it was, and the deploy succeeds as soon as there is room.
func (c *computer) diskFull(t *testing.T) {
	const further = alone + "-2"
	before := c.containers(t)
	// The cluster writes all the time: a size that is too small meanwhile is refused.
	eventually(t, func() string {
		used := strings.Fields(c.must(t, "df", "--output=used", c.root+"/disk"))[1]
		if r := c.run(t, "mount", "-o", "remount,size="+used+"k", c.root+"/disk"); r.code != 0 {
			return r.err
		}
		return ""
	})
	c.refused(t, "", "-n", "2", "--name", further)
	if left := c.labelled(t, further); left != "" {
		t.Errorf("it left %s", left)
	}
	c.same(t, before)
	c.shows(t, map[string]string{"node1": "running Alive", "node2": "running Alive", "server": "running"})
	if r := c.run(t, "oardeploy", "doctor", "--name", further); r.code != 1 || !strings.Contains(r.out, "problem  disk       0.0 GB free in "+c.root+"/disk") {
		t.Errorf("doctor: exit %d\n%s", r.code, r.out)
	}
	c.must(t, "mount", "-o", "remount,size=4g", c.root+"/disk")
	c.must(t, "oardeploy", "-n", "2", "--name", further, "-v", c.root+":/data")
	c.must(t, "oardeploy", "clean", further)
	c.works(t)
}

// busy gives the cluster a job that runs and one that waits for its node.
func (c *computer) busy(t *testing.T) (containers, runs, waits string) {
	t.Helper()
	runs = c.running(t, "-p \"host='node1'\" 'sleep 5050'")
	return c.containers(t), runs, c.submit(t, "-l /nodes=2 'uniq $OAR_NODEFILE'")
}

// back checks that the same containers run, the job that ran is shown as lost, and the
// one that waited has run.
func (c *computer) back(t *testing.T, before, runs, waits string) {
	t.Helper()
	c.comesBack(t, map[string]string{"node1": "running Alive", "node2": "running Alive", "server": "running", "frontend": "running", "dns": "running"})
	c.same(t, before)
	c.await(t, runs, "Error")
	c.await(t, waits, "Terminated")
	if got := c.front(t, "sort /data/OAR."+waits+".stdout"); got != "node1\nnode2" {
		t.Errorf("the job that waited printed %q", got)
	}
}

func (c *computer) deploy(t *testing.T) {
	t.Helper()
	c.must(t, "oardeploy", "-n", "2", "--name", alone)
}

// works runs a job on both nodes.
func (c *computer) works(t *testing.T) {
	t.Helper()
	c.await(t, c.submit(t, "-l /nodes=2 hostname"), "Terminated")
}

// status is what oardeploy says of each host: the engine's state, OAR's, and its jobs or
// its trouble.
func (c *computer) status(t *testing.T) map[string]string {
	t.Helper()
	var hosts []struct {
		Host, State, OAR string
		Jobs             []string
		Trouble          string `json:"oar_error"`
	}
	if err := json.Unmarshal([]byte(c.must(t, "oardeploy", "status", "--name", alone, "--json")), &hosts); err != nil {
		t.Fatal(err)
	}
	says := map[string]string{}
	for _, h := range hosts {
		if h.State != "running" && h.OAR == "Suspected" {
			h.OAR = "Alive" // OAR looks once a minute, and may do so at any moment
		}
		says[h.Host] = strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", h.State, h.OAR, strings.Join(h.Jobs, " "), h.Trouble)), " ")
	}
	return says
}

// differs tells which hosts status shows otherwise.
func (c *computer) differs(t *testing.T, want map[string]string) string {
	t.Helper()
	got := c.status(t)
	maps.DeleteFunc(got, func(host, _ string) bool { return want[host] == "" })
	if maps.Equal(got, want) {
		return ""
	}
	return fmt.Sprintf("status shows %q, want %q", got, want)
}

func (c *computer) shows(t *testing.T, want map[string]string) {
	t.Helper()
	if wrong := c.differs(t, want); wrong != "" {
		t.Error(wrong)
	}
}

func (c *computer) comesBack(t *testing.T, want map[string]string) {
	t.Helper()
	eventually(t, func() string { return c.differs(t, want) })
}

// containers lists the ids, names and addresses of the cluster's containers.
func (c *computer) containers(t *testing.T) string {
	t.Helper()
	return c.must(t, "sh", "-c", "docker ps -aq --no-trunc --filter label=oarcluster.name="+alone+" | sort | xargs docker inspect -f '{{.Id}} {{.Name}} {{range .NetworkSettings.Networks}}{{with .IPAMConfig}}{{.IPv4Address}}{{end}}{{end}}'")
}

func (c *computer) same(t *testing.T, before string) {
	t.Helper()
	if after := c.containers(t); after != before {
		t.Errorf("containers before\n%s\nafter\n%s", before, after)
	}
}

// labelled lists what a cluster has on the Engine.
func (c *computer) labelled(t *testing.T, name string) string {
	t.Helper()
	return c.must(t, "sh", "-c", `for what in ps\ -a network\ ls volume\ ls; do docker $what -q --filter label=oarcluster.name=`+name+`; done`)
}

// nothing checks that nothing of the cluster is there.
func (c *computer) nothing(t *testing.T) {
	t.Helper()
	left := c.labelled(t, alone)
	if _, err := os.Stat("/tmp/oarcluster-" + alone); err == nil {
		left += " and its folder"
	}
	if left != "" {
		t.Errorf("left are %s", left)
	}
}

// server runs a shell line on the server as root.
func (c *computer) server(t *testing.T, line string) string {
	t.Helper()
	return c.must(t, "oardeploy", "exec", "--name", alone, "server", "--", "sh", "-c", line)
}

// front runs a shell line on the frontend as user docker, over ssh.
func (c *computer) front(t *testing.T, line string) string {
	t.Helper()
	return c.must(t, "oardeploy", "ssh", "--name", alone, "frontend", "--", line)
}

func (c *computer) submit(t *testing.T, args string) string {
	t.Helper()
	return jobID(t, c.front(t, "cd /data && oarsub "+args))
}

func (c *computer) await(t *testing.T, job, state string) {
	t.Helper()
	eventually(t, func() string {
		got := c.front(t, "oarstat -s -j "+job)
		if strings.HasSuffix(got, ": "+state) {
			return ""
		}
		return "job is " + got + ", not yet " + state
	})
}

// running submits a job and waits until it runs.
func (c *computer) running(t *testing.T, args string) string {
	t.Helper()
	job := c.submit(t, args)
	c.await(t, job, "Running")
	return job
}
