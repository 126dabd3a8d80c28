package layer

import (
	"context"
	"io"
	"runtime"
	"sync"
)

// What is unpacked ahead of its being written: by each package at most
// aheadChunks pieces of chunkSize bytes.
const (
	chunkSize   = 256 << 10
	aheadChunks = 64
)

// chunks recycles the pieces.
var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// stream is the unpacked data archive of one package, filled by a goroutine and
// read by whoever writes the layer.
type stream struct {
	full  chan piece
	err   error // valid when full is closed
	now   piece
	at    int
	taken chan struct{} // gives the place of the package free for another
}

// piece is a part of a stream.
type piece struct {
	buf  *[chunkSize]byte
	size int
}

// prefetch starts to unpack the packages' data archives, in their order and as
// many at once as there are processors. The streams have to be read and released
// in that order; cancelling ctx ends them all.
func prefetch(ctx context.Context, packages []*contents) []*stream {
	workers := runtime.GOMAXPROCS(0)
	slots := make(chan struct{}, workers)
	places := make(chan struct{}, 4*workers)
	streams := make([]*stream, len(packages))
	for i := range streams {
		streams[i] = &stream{full: make(chan piece, aheadChunks), taken: places}
	}
	go func() {
		for i, p := range packages {
			for _, room := range []chan struct{}{places, slots} {
				select {
				case room <- struct{}{}:
				case <-ctx.Done():
					closeAll(streams[i:], ctx.Err())
					return
				}
			}
			go func() {
				streams[i].fill(ctx, p.deb)
				<-slots
			}()
		}
	}()
	return streams
}

// closeAll ends streams that were never started.
func closeAll(streams []*stream, err error) {
	for _, s := range streams {
		s.err = err
		close(s.full)
	}
}

// fill unpacks the data archive into the stream and closes it.
func (s *stream) fill(ctx context.Context, d Deb) {
	defer close(s.full)
	f, archive, err := open(d)
	if err != nil {
		s.err = err
		return
	}
	defer f.Close()
	data, err := archive.Data()
	if err != nil {
		s.err = err
		return
	}
	defer data.Close()
	for {
		buf := chunks.Get().(*[chunkSize]byte)
		n, err := readFull(data, buf[:])
		if n > 0 {
			select {
			case s.full <- piece{buf, n}:
			case <-ctx.Done():
				s.err = ctx.Err()
				return
			}
		}
		if err != nil {
			if err != io.EOF {
				s.err = err
			}
			return
		}
	}
}

// readFull fills p, and keeps the reader's own error: a stream that is cut
// short must not look like one that ends.
func readFull(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = r.Read(p[n:])
		n += more
	}
	return n, err
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	if s.at == s.now.size {
		s.release()
		next, more := <-s.full
		if !more {
			if s.err != nil {
				return 0, s.err
			}
			return 0, io.EOF
		}
		s.now, s.at = next, 0
	}
	n := copy(p, s.now.buf[s.at:s.now.size])
	s.at += n
	return n, nil
}

// release gives the current piece back.
func (s *stream) release() {
	if s.now.buf != nil {
		chunks.Put(s.now.buf)
	}
	s.now, s.at = piece{}, 0
}

// done says that the stream is not read any more, whatever is left of it.
func (s *stream) done() {
	s.release()
	for p := range s.full {
		chunks.Put(p.buf)
	}
	<-s.taken
}
