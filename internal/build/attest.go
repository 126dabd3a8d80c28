package build

import (
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/platforms"

	"github.com/oarcluster/oarcluster/internal/attest"
	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/mirror"
	"github.com/oarcluster/oarcluster/internal/registry"
	"github.com/oarcluster/oarcluster/internal/sbom"
	"github.com/oarcluster/oarcluster/internal/version"
	"github.com/oarcluster/oarcluster/llb"
)

// statements returns what is attested about a built target, whose manifest has
// that digest: its packages and its provenance.
func (t *target) statements(o Options, manifest, builder string) ([]registry.Statement, error) {
	var list []registry.Statement
	for _, kind := range []struct {
		off       bool
		predicate string
		write     func() ([]byte, error)
	}{
		{o.NoSBOM || t.recipe.Base != "", sbom.PredicateType, func() ([]byte, error) { return sbom.SPDX(t.contents(manifest)) }},
		{o.NoProvenance, attest.PredicateType, t.provenance(builder).Provenance},
	} {
		if kind.off {
			continue
		}
		predicate, err := kind.write()
		if err != nil {
			return nil, fmt.Errorf("attesting %s: %w", t, err)
		}
		statement, err := attest.Statement(t.recipe.Name, manifest, kind.predicate, predicate)
		if err != nil {
			return nil, fmt.Errorf("attesting %s: %w", t, err)
		}
		list = append(list, registry.Statement{PredicateType: kind.predicate, JSON: statement})
	}
	return list, nil
}

// contents tells what is in a target.
func (t *target) contents(manifest string) sbom.Image {
	image := sbom.Image{
		Name: t.recipe.Name, Platform: platforms.Format(t.platform), Digest: manifest, Suite: t.recipe.Suite.Name,
		Created: t.epoch, Origin: t.origin,
	}
	for _, group := range t.packages {
		image.Packages = append(image.Packages, group...)
	}
	return image
}

// origin tells where the archive of that name is for everybody, and whose it is.
// Debian's own is on the public mirror, whichever mirror built the image. Of an
// archive that the recipe does not know, the name alone is known.
func (t *target) origin(archive string) (url, supplier string) {
	for _, s := range t.recipe.Sources {
		if s.Name == archive {
			return s.URL, s.Name
		}
	}
	if archive != "debian" && archive != "debian-security" {
		return "", archive
	}
	return mirror.Default + "/" + archive, "Debian"
}

// signed names the Release files that the packages of a target follow from.
func (t *target) signed() []Release {
	list := make([]Release, len(t.releases))
	for i, r := range t.releases {
		url, _ := t.origin(r.Archive)
		list[i] = Release{r.Suite, strings.TrimRight(url, "/") + "/dists/" + r.Suite + "/InRelease", r.SHA256, r.Date}
	}
	return list
}

// provenance tells how a target was built.
func (t *target) provenance(builder string) attest.Build {
	b := attest.Build{
		Recipe: t.recipe.Name, Platform: platforms.Format(t.platform), Variables: map[string]string{},
		Recipes: t.recipe.Texts, InputDigest: t.inputs.String(), Epoch: t.epoch,
		Program: version.String(), Builder: builder,
	}
	for _, v := range t.recipe.Vars {
		b.Variables[v.Name] = v.Value
	}
	for _, r := range t.signed() {
		if r.Suite != t.recipe.Suite.Name {
			continue // see package attest
		}
		b.Materials = append(b.Materials, attest.Material{Name: "Debian " + r.Suite, URI: r.URL, Digest: "sha256:" + r.SHA256, Date: r.Date})
	}
	if _, digest, found := strings.Cut(t.recipe.Base, "@"); found {
		b.Materials = append(b.Materials, attest.Material{Name: t.recipe.Base, URI: "docker-image://" + t.recipe.Base, Digest: digest})
	}
	contents := t.contents("")
	for _, p := range slices.Concat(contents.Packages, t.eatmydata, t.native) {
		b.Materials = append(b.Materials, material(contents, p))
	}
	for i := range t.layers.Packages {
		for _, l := range slices.Concat([]llb.Layer{t.layers.Packages[i]}, t.layers.Needs[i], []llb.Layer{t.layers.Files[i]}) {
			if l != (llb.Layer{}) {
				b.Layers = append(b.Layers, attest.Material{Name: t.recipe.Levels[i].Name + ": " + l.Name, Digest: l.DiffID})
			}
		}
	}
	return b
}

// material names a .deb that an image was made of.
func material(image sbom.Image, p debian.Package) attest.Material {
	_, supplier := image.Origin(p.Archive)
	return attest.Material{Name: sbom.PURL(p, image.Suite, supplier), URI: image.URL(p), Digest: "sha256:" + p.SHA256}
}
