//go:build e2e

package mirror

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// TestCompareVersionsOfTheArchive sorts the versions of the archive and lets
// dpkg say of neighbours, 2000 of them, that they stand in order.
func TestCompareVersionsOfTheArchive(t *testing.T) {
	if _, err := exec.LookPath("dpkg"); err != nil {
		t.Skip("no dpkg on this machine")
	}
	a := openReal(t, "trixie")
	lists, err := a.lists("amd64")
	if err != nil {
		t.Fatal(err)
	}
	path := a.store.path("indexes", lists[0].file.SHA256)
	if err := a.fetchList(t.Context(), lists[0], path, &tally{report: a.report}); err != nil {
		t.Fatal(err)
	}
	packages, err := readList(path, lists[0])
	if err != nil {
		t.Fatal(err)
	}
	var versions []string
	for _, p := range packages {
		versions = append(versions, p.Version)
	}
	slices.Sort(versions)
	versions = slices.Compact(versions)
	slices.SortStableFunc(versions, debian.CompareVersions)
	var script strings.Builder
	step := 1 + len(versions)/2000
	for i := 0; i+1 < len(versions); i += step {
		operator := "lt"
		if debian.CompareVersions(versions[i], versions[i+1]) == 0 {
			operator = "eq"
		}
		fmt.Fprintf(&script, "dpkg --compare-versions '%[1]s' %[2]s '%[3]s' || echo '%[1]s is not %[2]s %[3]s'\n", versions[i], operator, versions[i+1])
	}
	command := exec.CommandContext(t.Context(), "sh")
	command.Stdin = strings.NewReader(script.String())
	if out, _ := command.Output(); len(out) > 0 { // the exit code is that of the last line
		t.Errorf("%s", out)
	}
	t.Logf("%d versions, %d pairs", len(versions), len(versions)/step)
}
