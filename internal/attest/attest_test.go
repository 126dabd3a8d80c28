package attest

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	provenance "github.com/in-toto/attestation/go/predicates/provenance/v1"
	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

const manifest = "sha256:0101010101010101010101010101010101010101010101010101010101010101"

func sample() Build {
	return Build{
		Recipe: "node", Platform: "linux/amd64", Variables: map[string]string{"suite": "trixie", "oar": "2.6.1"},
		Recipes: map[string][]byte{"/home/me/node.yaml": []byte("name: node\n"), "base.yaml": []byte("name: base\n")},
		Materials: []Material{
			{Name: "Debian trixie", URI: "http://mirror.example.org/debian/dists/trixie/InRelease", Digest: manifest, Date: time.Unix(1700000000, 0)},
			{Name: "vim", URI: "http://mirror.example.org/debian/pool/vim.deb", Digest: manifest},
		},
		Layers:      []Material{{Name: "78 packages", Digest: manifest}},
		InputDigest: manifest, Epoch: time.Unix(1700000000, 0), Program: "v1.0.0", Builder: "v0.33.1",
	}
}

// TestOthersReadTheStatement decodes a statement with the types of in-toto,
// which know every field that may be in it.
func TestOthersReadTheStatement(t *testing.T) {
	t.Parallel()
	predicate, err := sample().Provenance()
	if err != nil {
		t.Fatal(err)
	}
	data, err := Statement("node", manifest, PredicateType, predicate)
	if err != nil {
		t.Fatal(err)
	}
	got, built := &intoto.Statement{}, &provenance.Provenance{}
	if err := protojson.Unmarshal(data, got); err != nil {
		t.Fatal(err)
	}
	if err := protojson.Unmarshal(predicate, built); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(got.Validate(), built.Validate()); err != nil {
		t.Error(err)
	}
	if got.GetPredicateType() != PredicateType || got.GetSubject()[0].GetName() != "node" || "sha256:"+got.GetSubject()[0].GetDigest()["sha256"] != manifest {
		t.Errorf("got %v", got)
	}
	dependencies := built.GetBuildDefinition().GetResolvedDependencies()
	var names []string
	for _, d := range dependencies {
		names = append(names, d.GetName())
		if len(d.GetDigest()["sha256"]) != 64 {
			t.Errorf("%s has digest %v", d.GetName(), d.GetDigest())
		}
	}
	if text := strings.Join(names, " "); text != "base.yaml node.yaml Debian trixie vim" {
		t.Errorf("it depends on %s", text)
	}
	if date := dependencies[2].GetAnnotations().GetFields()["date"].GetStringValue(); date != "2023-11-14T22:13:20Z" {
		t.Errorf("the Release file is of %v", date)
	}
	run := built.GetRunDetails()
	if run.GetBuilder().GetVersion()["buildkit"] != "v0.33.1" || run.GetByproducts()[0].GetName() != "78 packages" {
		t.Errorf("made by %v", run)
	}
	if back, err := Predicate(data, manifest, PredicateType); err != nil || !bytes.Equal(back, predicate) {
		t.Errorf("read back %s, %v", back, err)
	}
}

func TestAStatementIsBelievedOfItsSubjectAlone(t *testing.T) {
	t.Parallel()
	other := "sha256:" + strings.Repeat("02", 32)
	data, err := Statement("node", manifest, PredicateType, []byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	for what, tc := range map[string]struct{ statement, manifest, kind string }{
		"of another image":  {string(data), other, PredicateType},
		"of another type":   {string(data), manifest, "https://spdx.dev/Document"},
		"of nothing":        {`{"predicateType":"` + PredicateType + `","predicate":{}}`, manifest, PredicateType},
		"without a digest":  {`{"subject":[{"name":"x"}],"predicateType":"` + PredicateType + `","predicate":{}}`, "", PredicateType},
		"that is no object": {"[]", manifest, PredicateType},
	} {
		if said, err := Predicate([]byte(tc.statement), tc.manifest, tc.kind); err == nil {
			t.Errorf("a statement %s was believed: %s", what, said)
		}
	}
}

func TestEqualBuildsSayEqualThings(t *testing.T) {
	t.Parallel()
	want, err := sample().Provenance()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := sample()
	elsewhere.Epoch = elsewhere.Epoch.In(time.FixedZone("far", 3600))
	elsewhere.Recipes = map[string][]byte{"node.yaml": []byte("name: node\n"), "shipped:base.yaml": []byte("name: base\n")}
	for range 10 { // the order of maps
		if got, err := elsewhere.Provenance(); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v, got\n%s\nwant\n%s", err, got, want)
		}
	}
	if bytes.Contains(want, []byte("/home/me")) {
		t.Error("it tells the folder of one machine")
	}
}
