//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
)

// TestABookwormCluster: the same recipes must give OAR 2.5 on bookworm, and the
// deployer start it by its version.
func TestABookwormCluster(t *testing.T) {
	must(t, "oarbuild", "--set", "suite=bookworm", "--push")
	must(t, "oardeploy", "clean", cluster)
	work := call{dir: t.TempDir()}
	defer must(t, "oardeploy", "clean", cluster)
	var c deployed
	if err := json.Unmarshal([]byte(work.must(t, "oardeploy", "-n", "2", "--tag", "2.5.9", "--name", cluster, "--json")), &c); err != nil {
		t.Fatal(err)
	}
	shows(t, front(t, "oarsub --version"), "2.5.9")
	job := submit(t, "-l /nodes=2 'for n in $(uniq $OAR_NODEFILE); do oarsh $n hostname; done'")
	await(t, job, "Terminated")
	if got := front(t, "sort /data/OAR."+job+".stdout"); got != "node1\nnode2" {
		t.Errorf("the job printed %q", got)
	}
	_, page := ask(t, http.MethodGet, c.PhpPgAdmin+"/", "", "")
	shows(t, page, "Adminer", "<option>OAR")
}
