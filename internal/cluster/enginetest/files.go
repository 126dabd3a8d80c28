package enginetest

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"sync"
)

// unpack adds the files of a tar archive to files, by path.
func unpack(archive []byte, files map[string]string) error {
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if entry.Typeflag != tar.TypeReg {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return err
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
	grown  chan struct{} // closed and replaced whenever something changes
}

func newLog() *logBuffer { return &logBuffer{grown: make(chan struct{})} }

func (l *logBuffer) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	close(l.grown)
	l.grown = make(chan struct{})
}

func (l *logBuffer) write(text string) { l.change(func() { l.text += text }) }
func (l *logBuffer) close()            { l.change(func() { l.closed = true }) }
func (l *logBuffer) open()             { l.change(func() { l.closed, l.life = false, len(l.text) }) }

// begin is where what a container says since its last start begins.
func (l *logBuffer) begin() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.life
}

// copy writes the log's last lines, and more as it grows when it follows.
func (l *logBuffer) copy(ctx context.Context, w io.Writer, tail int, follow bool) error {
	l.mu.Lock()
	at := start(l.text, tail)
	l.mu.Unlock()
	return l.copyFrom(ctx, w, at, follow)
}

func (l *logBuffer) copyFrom(ctx context.Context, w io.Writer, at int, follow bool) error {
	for {
		l.mu.Lock()
		text, closed, grown := l.text[at:], l.closed, l.grown
		at = len(l.text)
		l.mu.Unlock()
		if _, err := io.WriteString(w, text); err != nil || closed || !follow {
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
