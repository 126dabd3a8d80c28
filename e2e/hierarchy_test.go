//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// cores answers the host and cpuset of each core that a job had, as it printed them.
func cores(t *testing.T, job string) []string {
	t.Helper()
	var list []string
	for line := range strings.Lines(front(t, "cat OAR."+job+".stdout")) {
		var host, cpuset string
		for _, property := range strings.Split(strings.TrimSpace(line), ",") {
			name, value, _ := strings.Cut(property, "=")
			switch strings.TrimSpace(name) {
			case "host":
				host = strings.Trim(strings.TrimSpace(value), "'")
			case "cpuset":
				cpuset = strings.Trim(strings.TrimSpace(value), "'")
			}
		}
		list = append(list, host+"/"+cpuset)
	}
	return list
}

// TestResourcesAreAHierarchy: -l /host=1/core=2 must give two cores of one host, and
// what a job writes must be where its user looks: at home on the frontend.
func TestResourcesAreAHierarchy(t *testing.T) {
	must(t, "oarbuild", "--push")
	must(t, "oardeploy", "clean", cluster)
	defer must(t, "oardeploy", "clean", cluster)
	work := call{dir: t.TempDir()}
	work.must(t, "oardeploy", "-n", "2", "--cores", "2", "--name", cluster)
	for request, shape := range map[string]struct{ hosts, cores int }{
		"/host=1/core=2": {1, 2}, "/host=2/core=1": {2, 2}, "/core=3": {2, 3}, "/host=1": {1, 2}, "/cpu=2": {2, 4},
	} {
		job := submitHome(t, "-l "+request+" 'cat $OAR_RESOURCE_PROPERTIES_FILE'")
		await(t, job, "Terminated")
		hosts := map[string]bool{}
		got := cores(t, job)
		for _, c := range got {
			host, _, _ := strings.Cut(c, "/")
			hosts[host] = true
		}
		if len(got) != shape.cores || len(hosts) != shape.hosts {
			t.Errorf("%s gave %q, want %d cores of %d hosts", request, got, shape.cores, shape.hosts)
		}
	}
	before := containers(t)
	work.must(t, "oardeploy", "-n", "2", "--cores", "3", "--name", cluster)
	if after := containers(t); after != before {
		t.Errorf("another number of cores replaced containers: before\n%s\nafter\n%s", before, after)
	}
	if got := front(t, "oarnodes | grep -c resource_id"); got != "6" {
		t.Errorf("OAR has %s cores, want 6", got)
	}
}

// submitHome submits a job from the user's home, and answers its id.
func submitHome(t *testing.T, args string) string {
	t.Helper()
	return jobID(t, front(t, "oarsub "+args))
}
