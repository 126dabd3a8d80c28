package main

import (
	"bytes"
	"encoding/json"
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
