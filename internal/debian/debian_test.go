package debian

import (
	"strings"
	"testing"
)

func TestParseIndexRefuses(t *testing.T) {
	t.Parallel()
	good := "Package: a\nVersion: 1\nArchitecture: all\nFilename: pool/a.deb\nSize: 7\nSHA256: " + strings.Repeat("0", 64) + "\n"
	if list, err := ParseIndex(strings.NewReader(good+"Source: b (2)\nEssential: yes\n"), "x"); err != nil || list[0].Source != "b" || !list[0].Essential || list[0].Size != 7 || list[0].Archive != "x" {
		t.Errorf("got %+v, %v", list, err)
	}
	for _, tc := range [][3]string{
		{"Package: a", "Package: ../a", "field Package"},
		{"Version: 1", "Version: 1 2", "field Version"},
		{"Version: 1\n", "", "field Version"},
		{"Architecture: all", "Architecture: a b", "field Architecture"},
		{"Size: 7", "Size: -7", "field Size"},
		{"Size: 7", "Size: 7x", "field Size"},
		{"pool/a.deb", "pool/../../a.deb", "field Filename"},
		{"pool/a.deb", "/pool/a.deb", "field Filename"},
		{"pool/a.deb", "pool/a.deb?x", "field Filename"},
		{"SHA256: 0", "SHA256: g", "field SHA256"},
		{"SHA256: 0", "SHA256: ", "field SHA256"},
		{"Size: 7", "Size: 7\nsize: 8", "line 6: field size stands twice"},
	} {
		_, err := ParseIndex(strings.NewReader(strings.Replace(good, tc[0], tc[1], 1)), "x")
		if err == nil || !strings.Contains(err.Error(), tc[2]) {
			t.Errorf("%s: got %v", tc[1], err)
		}
	}
}
