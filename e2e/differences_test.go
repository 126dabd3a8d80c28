//go:build e2e

package e2e

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// differences tells in which paths of which layers two images differ, at most
// twenty a layer.
func (b *coldBuild) differences(t *testing.T, digest string, other *coldBuild, otherDigest string) string {
	t.Helper()
	var one, two v1.Manifest
	for m, data := range map[*v1.Manifest][]byte{&one: b.blob(t, digest), &two: other.blob(t, otherDigest)} {
		if err := json.Unmarshal(data, m); err != nil {
			t.Fatal(err)
		}
	}
	if len(one.Layers) != len(two.Layers) {
		return fmt.Sprintf("%d layers and %d", len(one.Layers), len(two.Layers))
	}
	var out strings.Builder
	for i := range one.Layers {
		x, y := one.Layers[i].Digest.String(), two.Layers[i].Digest.String()
		if x == y {
			continue
		}
		fmt.Fprintf(&out, "layer %d of %d:\n", i+1, len(one.Layers))
		before, after := entries(t, b.blobFile(x)), entries(t, other.blobFile(y))
		all := maps.Clone(before)
		maps.Copy(all, after)
		shown := 0
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if before[name] != after[name] && shown < 20 {
				fmt.Fprintf(&out, "  %s\n    %s\n    %s\n", name, before[name], after[name])
				shown++
			}
		}
		if shown == 0 {
			out.WriteString("  only the order of entries, or what pads them\n")
		}
	}
	if out.Len() == 0 {
		return fmt.Sprintf("the configurations are\n%s\n%s", b.blob(t, one.Config.Digest.String()), other.blob(t, two.Config.Digest.String()))
	}
	return out.String()
}

// entries describes every path of an uncompressed layer in a line.
func entries(t *testing.T, file string) map[string]string {
	t.Helper()
	layer, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer layer.Close()
	found := map[string]string{}
	for r := tar.NewReader(layer); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("reading layer %s: %v", file, err)
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, r); err != nil {
			t.Fatalf("reading layer %s: %v", file, err)
		}
		found[h.Name] = fmt.Sprintf("%c %04o %d:%d %d bytes, %v, %s %v, %x", h.Typeflag, h.Mode, h.Uid, h.Gid, h.Size, h.ModTime.UTC(), h.Linkname, h.PAXRecords, sum.Sum(nil)[:6])
	}
}
