package sbom

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdxlib"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// sample is an image with names and versions that need escaping.
func sample() Image {
	deb := func(name, version, arch, file string) debian.Package {
		return debian.Package{Name: name, Version: version, Architecture: arch, Source: "src-" + name, Archive: "debian",
			Filename: "pool/main/" + file, SHA256: strings.Repeat("ab", 32), Size: 1}
	}
	return Image{
		Name: "node", Platform: "linux/amd64", Digest: "sha256:" + strings.Repeat("01", 32), Suite: "trixie",
		Created: time.Unix(1700000000, 0),
		Packages: []debian.Package{
			deb("vim", "2:9.1.1230-2", "amd64", "v/vim/vim_9.1.1230-2_amd64.deb"),
			deb("libstdc++6", "14.2.0-19", "amd64", "g/gcc-14/libstdc++6_14.2.0-19_amd64.deb"),
			deb("adduser", "3.152+deb13~1", "all", "a/adduser/adduser_3.152+deb13~1_all.deb"),
		},
		Origin: func(archive string) (string, string) { return "http://mirror.example.org/" + archive + "/", "Debian" },
	}
}

func TestTheDocumentIsSPDX(t *testing.T) {
	t.Parallel()
	data, err := SPDX(sample())
	if err != nil {
		t.Fatal(err)
	}
	d, err := spdxjson.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := spdxlib.ValidateDocument(d); err != nil {
		t.Error(err)
	}
	described, err := spdxlib.GetDescribedPackageIDs(d)
	if err != nil || len(described) != 1 || described[0] != "image" {
		t.Errorf("describes %v, %v", described, err)
	}
	if d.CreationInfo.Created != "2023-11-14T22:13:20Z" || !strings.HasSuffix(d.DocumentNamespace, "/node-"+strings.Repeat("01", 32)) {
		t.Errorf("created %s, namespace %s", d.CreationInfo.Created, d.DocumentNamespace)
	}
	vim := d.Packages[3]
	for what, pair := range map[string][2]string{
		"version":  {vim.PackageVersion, "2:9.1.1230-2"},
		"download": {vim.PackageDownloadLocation, "http://mirror.example.org/debian/pool/main/v/vim/vim_9.1.1230-2_amd64.deb"},
		"digest":   {vim.PackageChecksums[0].Value, strings.Repeat("ab", 32)},
		"supplier": {vim.PackageSupplier.Supplier, "Debian"},
		"source":   {vim.PackageSourceInfo, "built from source package src-vim"},
		"purl":     {vim.PackageExternalReferences[0].Locator, "pkg:deb/debian/vim@2:9.1.1230-2?arch=amd64&distro=trixie"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("the %s of vim is %q, want %q", what, pair[0], pair[1])
		}
	}
	if plus := d.Packages[2]; plus.PackageSPDXIdentifier != "deb-libstdc.2B.2B6-amd64" {
		t.Errorf("libstdc++6 is %q", plus.PackageSPDXIdentifier)
	}
}

func TestTheDocumentDependsOnWhatIsInTheImageAlone(t *testing.T) {
	t.Parallel()
	want, err := SPDX(sample())
	if err != nil {
		t.Fatal(err)
	}
	other := sample()
	slices.Reverse(other.Packages)
	other.Created = other.Created.In(time.FixedZone("far", 7*3600))
	if got, err := SPDX(other); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v, got\n%s\nwant\n%s", err, got, want)
	}
	other.Packages[0].SHA256 = strings.Repeat("cd", 32)
	if got, _ := SPDX(other); bytes.Equal(got, want) {
		t.Error("another .deb gives the same document")
	}
}

func TestPackagesAreReadBack(t *testing.T) {
	t.Parallel()
	data, err := SPDX(sample())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Packages(data)
	if err != nil || len(got) != 3 {
		t.Fatalf("got %v, %v", got, err)
	}
	want := debian.Package{Name: "libstdc++6", Version: "14.2.0-19", Architecture: "amd64", SHA256: strings.Repeat("ab", 32)}
	if got[1] != want || got[0].Version != "3.152+deb13~1" || got[2].Version != "2:9.1.1230-2" {
		t.Errorf("got %v", got)
	}
	for _, bad := range []string{"", "{}", `{"spdxVersion": "SPDX-3.0"}`} {
		if _, err := Packages([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestPackagesThatCannotBeDebiansAreRefused(t *testing.T) {
	t.Parallel()
	document := func(purl, sum string) []byte {
		return []byte(`{"spdxVersion":"SPDX-2.3","packages":[{"name":"x","checksums":[{"algorithm":"SHA256","checksumValue":"` + sum +
			`"}],"externalRefs":[{"referenceType":"purl","referenceLocator":"` + purl + `"}]}]}`)
	}
	sum := strings.Repeat("ab", 32)
	if got, err := Packages(document("pkg:deb/debian/vim@1:2.0~rc1%2Bb1-1?arch=amd64", sum)); err != nil || got[0].Version != "1:2.0~rc1+b1-1" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, tc := range [][2]string{
		{"pkg:deb/debian/vim%1B%5B2J@1?arch=amd64", sum}, {"pkg:deb/debian/vim@1%1B%5B2J?arch=amd64", sum}, {"pkg:deb/debian/vim@1?arch=a%1Bd64", sum},
		{"pkg:deb/debian/vim@1%0A?arch=amd64", sum}, {"pkg:deb/debian/vim@1?arch=amd64", "\\u001b[2J"}, {"pkg:deb/debian/vim?arch=amd64", sum},
	} {
		if got, err := Packages(document(tc[0], tc[1])); err == nil || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s with %s: got %v, %v", tc[0], tc[1], got, err)
		}
	}
}
