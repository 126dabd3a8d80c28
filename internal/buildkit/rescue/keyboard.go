package rescue

import (
	"bytes"
	"context"
	"io"
	"sync"
)

// keyboard hands what is typed to whoever asks for it: the menu, then a shell,
// then the menu again. A read from a terminal cannot be taken back, so there is
// one reader, which never ends before its input does.
type keyboard struct {
	in    io.Reader
	typed chan []byte
	once  sync.Once
	mu    sync.Mutex // who holds it is being told what is typed
	rest  []byte     // typed, and not yet asked for
}

func (k *keyboard) start() {
	k.once.Do(func() {
		go func() {
			defer close(k.typed)
			for {
				keys := make([]byte, 1024)
				n, err := k.in.Read(keys)
				if n > 0 {
					k.typed <- keys[:n]
				}
				if err != nil {
					return
				}
			}
		}()
	})
}

// line returns the next line, without its end.
func (k *keyboard) line(ctx context.Context) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		if line, rest, found := bytes.Cut(k.rest, []byte("\n")); found {
			k.rest = rest
			return string(line), nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case keys, ok := <-k.typed:
			if !ok {
				return "", io.EOF
			}
			k.rest = append(k.rest, keys...)
		}
	}
}

// reader returns what is typed from now on, until it is closed.
func (k *keyboard) reader() io.ReadCloser {
	return &typing{k: k, closed: make(chan struct{})}
}

// typing is a part of what is typed.
type typing struct {
	k      *keyboard
	once   sync.Once
	closed chan struct{}
}

func (t *typing) Read(p []byte) (int, error) {
	t.k.mu.Lock()
	defer t.k.mu.Unlock()
	if len(t.k.rest) == 0 {
		select {
		case <-t.closed:
		case t.k.rest = <-t.k.typed: // nothing, when the input has ended
		}
	}
	select {
	case <-t.closed:
		return 0, io.EOF // what is left is for the next one who asks
	default:
	}
	if len(t.k.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, t.k.rest)
	t.k.rest = t.k.rest[n:]
	return n, nil
}

// Close ends a Read that waits.
func (t *typing) Close() error {
	t.once.Do(func() { close(t.closed) })
	t.k.mu.Lock()
	defer t.k.mu.Unlock()
	return nil
}
