package compression

import (
	"maps"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]string{
		"uncompressed": {},
		"gzip":         {"compression": "gzip", "force-compression": "true"},
		"gzip:9":       {"compression": "gzip", "force-compression": "true", "compression-level": "9"},
		"zstd:19":      {"compression": "zstd", "force-compression": "true", "compression-level": "19"},
		"estargz":      {"compression": "estargz", "force-compression": "true"},
	} {
		k, err := Parse(text)
		got := map[string]string{}
		k.Set(got)
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, bad := range []string{"", "xz", "gzip:10", "gzip:0", "gzip:", "zstd:fast", "uncompressed:1"} {
		if k, err := Parse(bad); err == nil {
			t.Errorf("%q is read as %v", bad, k)
		}
	}
}
