// Package sbom says what is in an image: every Debian package, as an SPDX 2.3
// document in JSON.
//
// The document is made from the package sets that the image was made from, not
// by looking at its files, so that nothing is guessed: version, digest and place
// of each .deb are those that the signed index of the archive had. It is
// deterministic: the same packages in the same image give the same bytes, on
// every machine, from every mirror and at every time. So it names the public
// mirror, its date is the image's own, and its name is the image's digest.
//
// The package is pure: no files, network, clock or environment.
package sbom

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// PredicateType is by which in-toto statements know SPDX documents.
const PredicateType = "https://spdx.dev/Document"

// Image is one image for one platform.
type Image struct {
	Name     string // "node"
	Platform string // "linux/amd64"
	Digest   string // of its manifest: sha256:<hex>
	Suite    string // of Debian, "trixie"
	Created  time.Time
	Packages []debian.Package
	// Origin returns where the archive of that name (debian.Package.Archive) is
	// for everybody, and who supplies it.
	Origin func(archive string) (url, supplier string)
}

// SPDX returns the document of the image.
func SPDX(image Image) ([]byte, error) {
	_, hex, _ := strings.Cut(image.Digest, ":")
	title := image.Name + " for " + image.Platform
	d := document{
		SPDXVersion: "SPDX-2.3", DataLicense: "CC0-1.0", SPDXID: documentID, Name: title,
		Namespace: "https://github.com/oarcluster/oarcluster/spdx/" + url.PathEscape(image.Name) + "-" + hex,
		CreationInfo: creationInfo{
			Created:  image.Created.UTC().Format(time.RFC3339),
			Creators: []string{"Organization: oarcluster", "Tool: oarbuild"},
		},
		Packages: []spdxPackage{{
			Name: image.Name, SPDXID: imageID, Version: image.Digest, Download: none, Purpose: "CONTAINER",
			LicenseConcluded: none, LicenseDeclared: none, Copyright: none, Supplier: none,
			Checksums: []checksum{{"SHA256", hex}},
		}},
		Relationships: []relationship{{documentID, "DESCRIBES", imageID}},
	}
	packages := slices.Clone(image.Packages)
	slices.SortFunc(packages, func(a, b debian.Package) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Architecture, b.Architecture))
	})
	for _, p := range packages {
		one := image.describe(p)
		d.Packages = append(d.Packages, one)
		d.Relationships = append(d.Relationships, relationship{imageID, "CONTAINS", one.SPDXID})
	}
	return json.Marshal(d)
}

// URL returns where everybody can have a package from, while the archive keeps it,
// "" when nobody knows where the archive is.
func (i Image) URL(p debian.Package) string {
	base, _ := i.Origin(p.Archive)
	if base == "" {
		return ""
	}
	return strings.TrimRight(base, "/") + "/" + (&url.URL{Path: p.Filename}).EscapedPath()
}

// describe tells of one .deb.
func (i Image) describe(p debian.Package) spdxPackage {
	_, supplier := i.Origin(p.Archive)
	return spdxPackage{
		Name: p.Name, SPDXID: "SPDXRef-deb-" + identifier(p.Name) + "-" + identifier(p.Architecture), Version: p.Version,
		FileName: p.Filename[strings.LastIndexByte(p.Filename, '/')+1:], Supplier: "Organization: " + supplier,
		Download: cmp.Or(i.URL(p), none), Source: "built from source package " + p.Source,
		LicenseConcluded: none, LicenseDeclared: none, Copyright: none,
		Checksums:    []checksum{{"SHA256", p.SHA256}},
		ExternalRefs: []externalRef{{"PACKAGE-MANAGER", "purl", PURL(p, i.Suite, supplier)}},
	}
}

// PURL returns the package URL of a package that a supplier made for a suite.
func PURL(p debian.Package, suite, supplier string) string {
	qualifiers := packageurl.QualifiersFromMap(map[string]string{"arch": p.Architecture, "distro": suite})
	return packageurl.NewPackageURL("deb", strings.ToLower(supplier), p.Name, p.Version, qualifiers, "").ToString()
}

// identifier writes text with the letters that SPDX identifiers may have, so that
// different texts stay different: "+" becomes a dot with its code behind.
func identifier(text string) string {
	var out strings.Builder
	for _, c := range []byte(text) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.':
			out.WriteByte(c)
		default:
			fmt.Fprintf(&out, ".%02X", c)
		}
	}
	return out.String()
}
