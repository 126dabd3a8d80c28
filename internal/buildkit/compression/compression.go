// Package compression says how BuildKit compresses the layers of images.
package compression

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/buildkit/exporter/containerimage/exptypes"
)

// Kind is how layers are compressed.
type Kind struct {
	Type  string // uncompressed, gzip, zstd or estargz; "" is uncompressed
	Level int    // as the type has it; 0 is its default
}

// Parse reads TYPE or TYPE:LEVEL.
func Parse(text string) (Kind, error) {
	kind, level, hasLevel := strings.Cut(text, ":")
	k := Kind{Type: kind}
	highest, ok := map[string]int{"uncompressed": 0, "gzip": 9, "estargz": 9, "zstd": 22}[kind]
	if !ok {
		return k, errors.New("there is no such compression")
	}
	if hasLevel {
		n, err := strconv.Atoi(level)
		if err != nil || n < 1 || n > highest {
			return k, fmt.Errorf("%s has no level %q", kind, level)
		}
		k.Level = n
	}
	return k, nil
}

// Set has the exporter compress all layers so; also those that came as they
// are, of packages and files. Nothing is unpacked that is compressed already.
func (k Kind) Set(attrs map[string]string) {
	if k.Type == "" || k.Type == "uncompressed" {
		return
	}
	attrs[string(exptypes.OptKeyLayerCompression)] = k.Type
	attrs[string(exptypes.OptKeyForceCompression)] = "true"
	if k.Level > 0 {
		attrs[string(exptypes.OptKeyCompressionLevel)] = strconv.Itoa(k.Level)
	}
}
