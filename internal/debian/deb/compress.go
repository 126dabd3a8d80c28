package deb

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/oarcluster/oarcluster/internal/debian/xz"
)

// maxWindow is the largest window of a zstd stream that is accepted, in bytes.
const maxWindow = 64 << 20

// errBomb is what a stream that grows beyond its limit ends with.
var errBomb = errors.New("unpacks to more than its limit: a compression bomb")

// unpack returns what is packed in m, up to limit bytes.
func unpack(m member, limit int64) (io.ReadCloser, error) {
	packed := bufio.NewReaderSize(m.body, 128<<10)
	var plain io.Reader
	done := func() {}
	switch pathExt(m.name) {
	case "":
		plain = packed
	case ".gz":
		r, err := gzip.NewReader(packed)
		if err != nil {
			return nil, err
		}
		plain = r
	case ".xz":
		r, err := xz.NewReader(packed)
		if err != nil {
			return nil, err
		}
		plain = r
	case ".zst":
		r, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxWindow*2), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		plain, done = r, r.Close
	default:
		return nil, fmt.Errorf("compression %q is none of gz, xz, zst", pathExt(m.name))
	}
	return &limited{plain, limit, done}, nil
}

// limited ends with errBomb after left bytes.
type limited struct {
	r    io.Reader
	left int64
	done func()
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, errBomb
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errBomb
	}
	return n, err
}

func (l *limited) Close() error {
	l.done()
	return nil
}
