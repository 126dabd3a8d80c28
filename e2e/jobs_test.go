//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// front runs a shell line on the frontend as user docker, over ssh.
func front(t *testing.T, line string) string {
	t.Helper()
	return must(t, "oardeploy", "ssh", "--name", cluster, "frontend", "--", line)
}

// submit submits a job from /data, which all hosts share, and answers its id.
func submit(t *testing.T, args string) string {
	t.Helper()
	return jobID(t, front(t, "cd /data && oarsub "+args))
}

// jobID is the id in what oarsub printed.
func jobID(t *testing.T, printed string) string {
	t.Helper()
	for line := range strings.Lines(printed) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "OAR_JOB_ID="); ok {
			return id
		}
	}
	t.Fatalf("oarsub printed no OAR_JOB_ID:\n%s", printed)
	return ""
}

// await waits until OAR reports the state of a job.
func await(t *testing.T, job, state string) {
	t.Helper()
	eventually(t, func() string {
		got := front(t, "oarstat -s -j "+job)
		if strings.HasSuffix(got, ": "+state) {
			return ""
		}
		return "job is " + got + ", not yet " + state
	})
}

func checkJobs(t *testing.T) {
	t.Run("passive, on one node", func(t *testing.T) {
		job := submit(t, "-l /nodes=1 'hostname; id -un; echo $OAR_JOB_ID'")
		await(t, job, "Terminated")
		if got := front(t, "cat /data/OAR."+job+".stdout"); got != "node1\ndocker\n"+job && got != "node2\ndocker\n"+job {
			t.Errorf("the job printed %q", got)
		}
	})
	t.Run("on two nodes, with oarsh between them", func(t *testing.T) {
		job := submit(t, "-l /nodes=2 'for n in $(uniq $OAR_NODEFILE); do oarsh $n hostname; done'")
		await(t, job, "Terminated")
		if got := front(t, "sort /data/OAR."+job+".stdout"); got != "node1\nnode2" {
			t.Errorf("the job printed %q and %q", got, front(t, "cat /data/OAR."+job+".stderr"))
		}
	})
	t.Run("interactive", func(t *testing.T) {
		r := call{stdin: "hostname\nexit\n"}.run(t, "ssh", "-tt", "-F", "/tmp/oarcluster-"+cluster+"/ssh_config", "frontend", "oarsub -I")
		if r.code != 0 || !strings.Contains(plain(r.out), "hostname\nnode") || !strings.Contains(r.out, "Disconnected from OAR job") {
			t.Errorf("exit %d, terminal:\n%s", r.code, r.out)
		}
	})
	t.Run("deleted while it runs", func(t *testing.T) {
		job := submit(t, "'sleep 4242'")
		await(t, job, "Running")
		front(t, "oardel "+job)
		await(t, job, "Error")
		eventually(t, func() string {
			return must(t, "sh", "-c", "for n in 1 2; do docker exec "+cluster+"_node$n pgrep -f 'sleep 4242' || true; done")
		})
	})
	t.Run("oarstat and oarnodes", func(t *testing.T) {
		job := submit(t, "-n seen 'sleep 30'")
		await(t, job, "Running")
		if got := front(t, "oarstat"); !strings.Contains(got, job) || !strings.Contains(got, "docker") {
			t.Errorf("oarstat does not show job %s:\n%s", job, got)
		}
		if got := front(t, "oarnodes -s"); !strings.Contains(got, "node1") || !strings.Contains(got, "node2") || !strings.Contains(got, "Alive") {
			t.Errorf("oarnodes -s:\n%s", got)
		}
		front(t, "oardel "+job)
	})
}
