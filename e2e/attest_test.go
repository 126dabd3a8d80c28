//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdxlib"
)

const attested = registry + "dnsmasq:e2e-attested"

// pushAttested pushes an image with what is attached by default.
func pushAttested(t *testing.T, more ...string) string {
	t.Helper()
	return must(t, "oarbuild", append([]string{"--recipe", "dnsmasq", "--tag", "e2e-attested", "--push"}, more...)...)
}

// TestEveryToolTakesAnAttestedIndex: whoever reads images must take the index
// with the entries that are no images, and find the image in it.
func TestEveryToolTakesAnAttestedIndex(t *testing.T) {
	reference := pushAttested(t)
	serveRegistry(t)
	checkIndex(t, reference)
	for _, command := range [][]string{
		{"docker", "manifest", "inspect", "--insecure", attested},
		{"docker", "pull", "-q", attested},
		{"docker", "run", "--rm", "--network", "none", attested, "dnsmasq", "--version"},
		{"skopeo", "inspect", "--tls-verify=false", "docker://" + attested},
		{"skopeo", "inspect", "--tls-verify=false", "--raw", "docker://" + attested},
		{"skopeo", "copy", "-q", "--all", "--src-tls-verify=false", "docker://" + attested, "oci:" + t.TempDir() + ":x"},
		{"skopeo", "copy", "-q", "--src-tls-verify=false", "docker://" + attested, "dir:" + t.TempDir()},
	} {
		must(t, command[0], command[1:]...)
	}
	if err := exec.Command("docker", "buildx", "version").Run(); err != nil {
		t.Log("no docker buildx here: its way of reading is not tried")
		return
	}
	if out := must(t, "docker", "buildx", "imagetools", "inspect", attested, "--format", "{{json .SBOM}}"); !strings.Contains(out, "SPDX-2.3") {
		t.Errorf("buildx finds as SBOM %s", out)
	}
	if out := must(t, "docker", "buildx", "imagetools", "inspect", attested, "--format", "{{json .Provenance}}"); !strings.Contains(out, "resolvedDependencies") {
		t.Errorf("buildx finds as provenance %s", out)
	}
}

// statement reads what is attached to the amd64 image of a reference.
func statement(t *testing.T, reference, predicateType string) json.RawMessage {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Head(ref.Context().Digest(manifestOf(t, reference)))
	if err != nil {
		t.Fatal(err)
	}
	list, err := remote.Referrers(ref.Context().Digest(image.Digest.String()))
	if err != nil {
		t.Fatal(err)
	}
	referrers, err := list.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, referrer := range referrers.Manifests {
		attachment, err := remote.Image(ref.Context().Digest(referrer.Digest.String()))
		if err != nil {
			t.Fatal(err)
		}
		manifest, err := attachment.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		for _, layer := range manifest.Layers {
			if layer.Annotations["in-toto.io/predicate-type"] != predicateType {
				continue
			}
			content, err := remote.Layer(ref.Context().Digest(layer.Digest.String()))
			if err != nil {
				t.Fatal(err)
			}
			file, err := content.Compressed()
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			var s struct{ Predicate json.RawMessage }
			if err := json.NewDecoder(file).Decode(&s); err != nil {
				t.Fatal(err)
			}
			return s.Predicate
		}
	}
	t.Fatalf("nothing of type %s refers to %s", predicateType, reference)
	return nil
}

// manifestOf returns the digest of the first entry of an index.
func manifestOf(t *testing.T, reference string) string {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	return entries.Manifests[0].Digest.String()
}

// TestTheListOfPackagesIsThatOfDpkg: the attached SPDX document must list what
// dpkg in the image says is installed, no more and no less.
func TestTheListOfPackagesIsThatOfDpkg(t *testing.T) {
	pushAttested(t)
	serveRegistry(t)
	document, err := spdxjson.Read(bytes.NewReader(statement(t, attested, "https://spdx.dev/Document")))
	if err != nil {
		t.Fatal(err)
	}
	if err := spdxlib.ValidateDocument(document); err != nil {
		t.Error(err)
	}
	listed := map[string]bool{}
	for _, p := range document.Packages {
		if p.PrimaryPackagePurpose != "CONTAINER" {
			listed[p.PackageName+" "+p.PackageVersion] = true
		}
	}
	must(t, "docker", "pull", "-q", attested)
	installed := strings.Split(must(t, "docker", "run", "--rm", "--network", "none", attested, "dpkg-query", "-Wf", "${Package} ${Version}\n"), "\n")
	for _, line := range installed {
		if !listed[line] {
			t.Errorf("not in the list: %s", line)
		}
	}
	if len(listed) != len(installed) {
		t.Errorf("%d packages listed, %d installed", len(listed), len(installed))
	}
}

// TestOnlyWhatChangedIsPushed: --if-changed must decide without a build, for which
// there is no builder then, and build what has other inputs.
func TestOnlyWhatChangedIsPushed(t *testing.T) {
	pushAttested(t)
	before := registryFiles(t)
	r := call{env: []string{"BUILDKIT_HOST=unix:///nonexistent.sock"}}.run(t, "oarbuild", "--recipe", "dnsmasq", "--tag", "e2e-attested", "--push", "--if-changed")
	if r.code != 3 || r.out != "" {
		t.Errorf("exit code %d, printed %q: %s", r.code, r.out, r.err)
	}
	if registryFiles(t) != before {
		t.Error("it wrote to the registry")
	}
	r = call{env: []string{"SOURCE_DATE_EPOCH=1700000000"}}.run(t, "oarbuild", "--recipe", "dnsmasq", "--tag", "e2e-attested", "--push", "--if-changed")
	if r.code != 0 || !strings.HasPrefix(r.out, attested+"@sha256:") {
		t.Errorf("exit code %d, printed %q: %s", r.code, r.out, r.err)
	}
}

// TestPublishedImagesAreCompared by the packages that are attached to them.
func TestPublishedImagesAreCompared(t *testing.T) {
	pushAttested(t)
	must(t, "oarbuild", "--recipe", "base", "--tag", "e2e-attested", "--push")
	if out := must(t, "oarbuild", "diff", attested, attested); strings.Contains(out, "+") {
		t.Errorf("an image differs from itself: %s", out)
	}
	var report []struct {
		Title   string
		Changes []struct{ Kind, Name string }
	}
	out := must(t, "oarbuild", "diff", "--json", attested, registry+"base:e2e-attested")
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{}
	for _, c := range report[0].Changes {
		kinds[c.Name] = c.Kind
	}
	if report[0].Title != "linux/amd64" || kinds["dnsmasq-base"] != "removed" || kinds["openssh-server"] != "added" || kinds["libc6"] != "" {
		t.Errorf("got %s", out)
	}
}
