package sbom

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// Words of SPDX 2.3.
const (
	documentID = "SPDXRef-DOCUMENT"
	imageID    = "SPDXRef-image"
	none       = "NOASSERTION"
)

// document is an SPDX 2.3 document, with the fields that this program writes.
type document struct {
	SPDXVersion   string         `json:"spdxVersion"`
	DataLicense   string         `json:"dataLicense"`
	SPDXID        string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	CreationInfo  creationInfo   `json:"creationInfo"`
	Packages      []spdxPackage  `json:"packages"`
	Relationships []relationship `json:"relationships"`
}

type creationInfo struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	Name             string        `json:"name"`
	SPDXID           string        `json:"SPDXID"`
	Version          string        `json:"versionInfo"`
	FileName         string        `json:"packageFileName,omitempty"`
	Supplier         string        `json:"supplier"`
	Download         string        `json:"downloadLocation"`
	FilesAnalyzed    bool          `json:"filesAnalyzed"`
	Source           string        `json:"sourceInfo,omitempty"`
	LicenseConcluded string        `json:"licenseConcluded"`
	LicenseDeclared  string        `json:"licenseDeclared"`
	Copyright        string        `json:"copyrightText"`
	Checksums        []checksum    `json:"checksums"`
	ExternalRefs     []externalRef `json:"externalRefs,omitempty"`
	Purpose          string        `json:"primaryPackagePurpose,omitempty"`
}

type checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type externalRef struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type relationship struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

// Packages returns the Debian packages that an SPDX document tells of, by their
// package URLs; also one that another program wrote, as far as it uses those.
// Name, Version, Architecture and, where it is there, SHA256 are filled in. What
// cannot be one of these is refused: it was written by anybody, and is printed.
func Packages(spdx []byte) ([]debian.Package, error) {
	var d document
	if err := json.Unmarshal(spdx, &d); err != nil {
		return nil, fmt.Errorf("reading an SPDX document: %w", err)
	}
	if !strings.HasPrefix(d.SPDXVersion, "SPDX-2.") {
		return nil, fmt.Errorf("reading an SPDX document: it is of version %q, not of SPDX-2", d.SPDXVersion)
	}
	var packages []debian.Package
	for _, p := range d.Packages {
		for _, ref := range p.ExternalRefs {
			url, err := packageurl.FromString(ref.Locator)
			if ref.Type != "purl" || err != nil || url.Type != "deb" {
				continue
			}
			found := debian.Package{Name: url.Name, Version: url.Version, Architecture: url.Qualifiers.Map()["arch"]}
			for _, sum := range p.Checksums {
				if sum.Algorithm == "SHA256" {
					found.SHA256 = sum.Value
				}
			}
			if err := check(found); err != nil {
				return nil, fmt.Errorf("reading an SPDX document: package %q: %w", p.Name, err)
			}
			packages = append(packages, found)
			break
		}
	}
	return packages, nil
}

// check refuses a package of a document that cannot be one of Debian.
func check(p debian.Package) error {
	if p.SHA256 != "" && (len(p.SHA256) != 64 || strings.Trim(p.SHA256, "0123456789abcdef") != "") {
		return fmt.Errorf("checksum %q is not a SHA-256 digest", p.SHA256)
	}
	return p.CheckIdentity()
}
