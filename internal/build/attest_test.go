package build

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/attest"
	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/lock"
	"github.com/oarcluster/oarcluster/internal/debian/mirror"
	"github.com/oarcluster/oarcluster/internal/sbom"
)

const madeUp = "sha256:0101010101010101010101010101010101010101010101010101010101010101"

// built returns a target with all that a finished one knows.
func built(t *testing.T) *target {
	t.Helper()
	a, target := resolved(t)
	for _, group := range append(target.packages, target.eatmydata) {
		for i := range group {
			p := &group[i]
			p.Version, p.Architecture, p.Source, p.Archive, p.Filename = "1-1", "amd64", "src", "debian", "pool/main/s/src/"+p.Name+".deb"
		}
	}
	target.releases = []lock.Release{
		{Suite: "trixie", Archive: "debian", SHA256: strings.Repeat("02", 32), Date: time.Unix(1_700_000_000, 0)},
		{Suite: "trixie-security", Archive: "debian-security", SHA256: strings.Repeat("03", 32), Date: time.Now()},
	}
	if err := nameInputs(t.Context(), a, targets(target)); err != nil {
		t.Fatal(err)
	}
	return target
}

func TestAnImageIsAttestedWithItsPackagesAndProvenance(t *testing.T) {
	t.Parallel()
	statements, err := built(t).statements(Options{}, madeUp, "v0.33.1")
	if err != nil || len(statements) != 2 {
		t.Fatalf("got %v, %v", statements, err)
	}
	spdx, err := attest.Predicate(statements[0].JSON, madeUp, sbom.PredicateType)
	if err != nil {
		t.Fatal(err)
	}
	packages, err := sbom.Packages(spdx)
	if err != nil || len(packages) != 3 || packages[0] != (debian.Package{Name: "bare", Version: "1-1", Architecture: "amd64", SHA256: packages[0].SHA256}) {
		t.Errorf("the packages are %v, %v", packages, err)
	}
	for _, want := range []string{
		`"subject":[{"name":"node","digest":{"sha256":"0101`, `"recipe":"node"`, `"suite":"trixie"`, `"buildkit":"v0.33.1"`,
		`"name":"Debian trixie","uri":"` + mirror.Default + `/debian/dists/trixie/InRelease","digest":{"sha256":"0202`, `"date":"2023-11-14T22:13:20Z"`,
		`pkg:deb/debian/` + preloaded + `@1-1?arch=amd64\u0026distro=trixie`, `"name":"node: files of node"`, `"name":"node: files for `, `"name":"base.yaml"`,
		mirror.Default + "/debian/pool/main/s/src/base.deb",
	} {
		if !bytes.Contains(statements[1].JSON, []byte(want)) {
			t.Errorf("no %s in %s", want, statements[1].JSON)
		}
	}
}

// TestWhatIsNotDebiansIsNotSaidToBe: of an archive that nobody knows, no address
// and no supplier is made up.
func TestWhatIsNotDebiansIsNotSaidToBe(t *testing.T) {
	t.Parallel()
	one := built(t)
	for _, group := range one.packages {
		for i := range group {
			group[i].Archive = "elsewhere"
		}
	}
	statements, err := one.statements(Options{}, madeUp, "v0.33.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{mirror.Default + "/elsewhere", "Organization: Debian", "pkg:deb/debian/bare"} {
		for _, s := range statements {
			if bytes.Contains(s.JSON, []byte(wrong)) {
				t.Errorf("%s: it says %s", s.PredicateType, wrong)
			}
		}
	}
	for _, want := range []string{"Organization: elsewhere", `"downloadLocation":"NOASSERTION"`} {
		if !bytes.Contains(statements[0].JSON, []byte(want)) {
			t.Errorf("no %s in %s", want, statements[0].JSON)
		}
	}
}

// TestEqualBuildsAreAttestedEqually: the archive signs its updates anew every few
// hours, and a mirror may be anywhere; neither makes an image another one.
func TestEqualBuildsAreAttestedEqually(t *testing.T) {
	t.Parallel()
	want, err := built(t).statements(Options{}, madeUp, "v0.33.1")
	if err != nil {
		t.Fatal(err)
	}
	again := built(t)
	again.releases[1].SHA256 = strings.Repeat("04", 32)
	got, err := again.statements(Options{Mirror: "http://near.example.org", Registry: "elsewhere/x", Tags: []string{"u"}}, madeUp, "v0.33.1")
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if !bytes.Equal(got[i].JSON, want[i].JSON) {
			t.Errorf("got %s\nwant %s", got[i].JSON, want[i].JSON)
		}
	}
}

func TestAttestationsCanBeLeftOut(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		o    Options
		want string
	}{
		{Options{NoSBOM: true}, attest.PredicateType},
		{Options{NoProvenance: true}, sbom.PredicateType},
		{Options{NoSBOM: true, NoProvenance: true}, ""},
	} {
		got := ""
		statements, err := built(t).statements(tc.o, madeUp, "")
		for _, s := range statements {
			got += s.PredicateType
		}
		if err != nil || got != tc.want {
			t.Errorf("%+v: got %q, %v", tc.o, got, err)
		}
	}
}
