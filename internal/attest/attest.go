// Package attest writes what is attested about an image: in-toto statements,
// and the SLSA provenance that one of them bears.
//
// # Equal builds say equal things
//
// A statement is part of what is published, so it follows the rule of the images:
// equal inputs give equal bytes. What would differ between two equal builds is
// not in it: no time at which a build began or ended, no number of the build, no
// name of a machine, mirror or registry, no folder. In it is what the image was
// made of and what made it: the recipe and its variables, the suite's own signed
// Release file, each .deb, each layer, and the versions of the two programs that
// did the work. The Release files of the updates and the security archive are
// not: they are signed anew several times a day, mostly without a new package,
// and the packages that came from them are listed by their digests.
//
// A statement is not signed here. Whoever publishes may sign the index, which
// covers it.
//
// The package is pure: no files, network, clock or environment.
package attest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
)

// Types and names by which others know what this package writes.
const (
	// PredicateType is that of the provenance.
	PredicateType = "https://slsa.dev/provenance/v1"

	statementType = "https://in-toto.io/Statement/v1"
	buildType     = "https://github.com/oarcluster/oarcluster/blob/main/docs/attestations.md"
	builderID     = "https://github.com/oarcluster/oarcluster/cmd/oarbuild"
)

// Statement returns the in-toto statement that the predicate holds of an image:
// its name, and its manifest's digest (sha256:<hex>).
func Statement(name, manifest, predicateType string, predicate []byte) ([]byte, error) {
	return json.Marshal(struct {
		Type          string          `json:"_type"`
		Subject       []resource      `json:"subject"`
		PredicateType string          `json:"predicateType"`
		Predicate     json.RawMessage `json:"predicate"`
	}{statementType, []resource{{Name: name, Digest: digestSet(manifest)}}, predicateType, predicate})
}

// Predicate returns what a statement says of the image whose manifest has that
// digest. A statement of another type or about another image is refused: whoever
// may write to a repository can attach a true statement to the wrong image.
func Predicate(statement []byte, manifest, predicateType string) (json.RawMessage, error) {
	var s struct {
		Subject       []resource      `json:"subject"`
		PredicateType string          `json:"predicateType"`
		Predicate     json.RawMessage `json:"predicate"`
	}
	if err := json.Unmarshal(statement, &s); err != nil {
		return nil, fmt.Errorf("reading a statement: %w", err)
	}
	if s.PredicateType != predicateType {
		return nil, fmt.Errorf("reading a statement: its type is %q, not %s", s.PredicateType, predicateType)
	}
	_, hex, _ := strings.Cut(manifest, ":")
	if !slices.ContainsFunc(s.Subject, func(r resource) bool { return hex != "" && r.Digest["sha256"] == hex }) {
		return nil, fmt.Errorf("reading a statement: it is not about %s but about another image", manifest)
	}
	return s.Predicate, nil
}

// Build is how an image was made for one platform.
type Build struct {
	Recipe, Platform string
	Variables        map[string]string
	Recipes          map[string][]byte // the text of each recipe, by file
	Materials        []Material        // what was taken from elsewhere
	Layers           []Material        // what the program made of it, for BuildKit to take
	InputDigest      string
	Epoch            time.Time
	Program, Builder string // versions of oarbuild and BuildKit
}

// Material is something with a digest (sha256:<hex>) that an image is made of.
type Material struct {
	Name, URI, Digest string
	Date              time.Time // of what is signed, zero for other things
}

// resource is a ResourceDescriptor of the in-toto attestation framework.
type resource struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"`
	Digest      map[string]string `json:"digest,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Provenance returns the SLSA provenance, version 1, of the build.
func (b Build) Provenance() ([]byte, error) {
	type object = map[string]any
	return json.Marshal(object{
		"buildDefinition": object{
			"buildType":            buildType,
			"externalParameters":   object{"recipe": b.Recipe, "platform": b.Platform, "variables": b.Variables},
			"internalParameters":   object{"inputDigest": b.InputDigest, "sourceDateEpoch": b.Epoch.Unix()},
			"resolvedDependencies": append(b.texts(), resources(b.Materials)...),
		},
		"runDetails": object{
			"builder":    object{"id": builderID, "version": map[string]string{"oarbuild": b.Program, "buildkit": b.Builder}},
			"byproducts": resources(b.Layers),
		},
	})
}

// texts lists the recipes. Their folders are those of one machine, and whether
// one came with the program ("shipped:node.yaml") says nothing about it.
func (b Build) texts() []resource {
	list := []resource{}
	for file, text := range b.Recipes {
		list = append(list, resource{Name: path.Base(file[strings.LastIndexByte(file, ':')+1:]), Digest: digestSet(digest.FromBytes(text).String())})
	}
	slices.SortFunc(list, func(x, y resource) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Digest["sha256"], y.Digest["sha256"]))
	})
	return list
}

func resources(materials []Material) []resource {
	list := []resource{}
	for _, m := range materials {
		r := resource{Name: m.Name, URI: m.URI, Digest: digestSet(m.Digest)}
		if !m.Date.IsZero() {
			r.Annotations = map[string]string{"date": m.Date.UTC().Format(time.RFC3339)}
		}
		list = append(list, r)
	}
	return list
}

// digestSet writes algorithm:hex as in-toto has it.
func digestSet(digest string) map[string]string {
	algorithm, hex, _ := strings.Cut(digest, ":")
	return map[string]string{algorithm: hex}
}
