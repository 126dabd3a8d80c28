package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster/doctor"
	"github.com/oarcluster/oarcluster/internal/ui"
)

func TestPrintVerdicts(t *testing.T) {
	t.Parallel()
	good := []doctor.Verdict{{Check: "engine", State: doctor.OK, Says: "it is"}, {Check: "disk", State: doctor.Warning, Says: "little", Remedy: "make room"}}
	bad := append(good, doctor.Verdict{Check: "ports", State: doctor.Problem, Says: "taken", Remedy: "free it"})
	var out, asJSON bytes.Buffer
	if err := printVerdicts(ui.Streams{Out: &out}, good, false); err != nil {
		t.Errorf("warnings are an error: %v", err)
	}
	if want := "ok       engine  it is\nwarning  disk    little\n                 → make room\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if err := printVerdicts(ui.Streams{Out: &asJSON}, bad, true); err == nil || err.Error() != "" {
		t.Errorf("a problem is the error %v", err)
	}
	var again []doctor.Verdict
	if err := json.Unmarshal(asJSON.Bytes(), &again); err != nil || len(again) != 3 || again[2] != bad[2] {
		t.Errorf("got %+v, %v", again, err)
	}
}

// A user who asks for a file's cluster is told of that one: its ports, its images, its
// nodes.
func TestDoctorLooksAtTheClusterOfAFile(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.listen(t, 48123)
	s.write(t, "home/cluster.yaml", "name: lab\nhttp_port: 48123\nnodes: {thin: {count: 3}, fat: {count: 4, image: 'lab.invalid/fat:7'}}\n")
	for line, want := range map[string][]string{
		"oardeploy doctor -f cluster.yaml":              {"48123", "lab.invalid/fat:7", "7 nodes"},
		"oardeploy doctor":                              {"2 nodes"},
		"oardeploy doctor -n 5 --http-port 48123":       {"5 nodes", "48123"},
		"oardeploy doctor -f cluster.yaml -n 5":         {"-n and --cores are about one group"},
		"oardeploy doctor -f nothere.yaml":              {"reading the cluster file"},
		"oardeploy doctor -f cluster.yaml --name other": {"48123"},
	} {
		said, _ := s.run(t, line)
		for _, words := range want {
			if !strings.Contains(said, words) {
				t.Errorf("%s does not tell of %q:\n%s", line, words, said)
			}
		}
	}
}
