package enginetest

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"strings"
	"sync"

	"github.com/oarcluster/oarcluster/internal/cluster/logs"
)

// tree is what a container sees: its own files, and over them those of its volumes.
// The caller holds the lock.
func (f *Fake) tree(c *container) map[string]string {
	all := maps.Clone(c.files)
	for _, v := range c.host.Stores {
		for name, text := range f.volumes[v.Host] {
			all[path.Join(v.Container, name)[1:]] = text
		}
	}
	return all
}

// write puts files into a container, or into the volume that is at their place. A
// volume that is read-only for the container takes none. The caller holds the lock.
func (f *Fake) write(c *container, files map[string]string) error {
	for name, text := range files {
		to := c.files
		for _, v := range c.host.Stores {
			rest, inside := strings.CutPrefix("/"+name, v.Container+"/")
			switch {
			case inside && v.ReadOnly:
				return fmt.Errorf("volume %s is read-only", v.Host)
			case inside:
				to, name = f.volumes[v.Host], rest
			}
		}
		to[name] = text
	}
	return nil
}

// unpack reads the files of a tar archive, by path.
func unpack(archive []byte) (map[string]string, error) {
	files := map[string]string{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if entry.Typeflag != tar.TypeReg {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		files[entry.Name] = string(text)
	}
}

// pack archives a folder as an engine does: names begin with the folder's own.
func pack(files map[string]string, folder string) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range files {
		rest, inside := strings.CutPrefix(name, folder+"/")
		if !inside {
			continue
		}
		err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path.Join(path.Base(folder), rest), Mode: 0o600, Size: int64(len(text))})
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			return nil, err
		}
	}
	return b.Bytes(), w.Close()
}

// logBuffer is a log that can be read while it grows.
type logBuffer struct {
	mu     sync.Mutex
	text   string
	closed bool
	life   int           // where the text of the container's last start begins
	lives  int           // how often it was started
	grown  chan struct{} // closed and replaced whenever something changes
}

// newLog is the log of a container that was not started: it can be read to its end.
func newLog() *logBuffer { return &logBuffer{closed: true, grown: make(chan struct{})} }

func (l *logBuffer) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	close(l.grown)
	l.grown = make(chan struct{})
}

func (l *logBuffer) write(text string) { l.change(func() { l.text += text }) }
func (l *logBuffer) close()            { l.change(func() { l.closed = true }) }
func (l *logBuffer) open() {
	l.change(func() { l.closed, l.life, l.lives = false, len(l.text), l.lives+1 })
}

// started is how often the container was started.
func (l *logBuffer) started() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lives
}

// copy writes a part of the log, and more of the same life when it follows.
func (l *logBuffer) copy(ctx context.Context, w io.Writer, p logs.Part) error {
	l.mu.Lock()
	at, life := start(l.text, p.Tail), l.lives
	if p.Life {
		at = max(at, l.life)
	}
	l.mu.Unlock()
	for {
		l.mu.Lock()
		end, ended, grown := len(l.text), l.closed, l.grown
		if l.lives != life {
			end, ended = max(at, l.life), true
		}
		text := l.text[at:end]
		at = end
		l.mu.Unlock()
		if _, err := io.WriteString(w, text); err != nil || ended || !p.Follow {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-grown:
		}
	}
}

// start is where the last tail lines begin; a negative tail means all.
func start(text string, tail int) int {
	at := len(text)
	for n := 0; tail >= 0 && n < tail && at > 0; n++ {
		at = strings.LastIndex(text[:at-1], "\n") + 1
	}
	if tail < 0 {
		return 0
	}
	return at
}
