package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// receive asks for what is missing and appends it to the file.
func (c *client) receive(parent context.Context, t *transfer) error {
	ctx, alive, done := c.watch(parent)
	defer done()
	header := http.Header{}
	if t.again {
		header.Set("Cache-Control", "no-cache") // a proxy may be what is broken
	}
	want := []int{http.StatusOK}
	if t.have > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", t.have))
		want = append(want, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable)
	}
	response, err := c.do(ctx, t.url, header, want...)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := t.align(response); err != nil {
		return err
	}
	if n := response.ContentLength; n >= 0 && n != t.size-t.have {
		return t.wrongSize(t.have + n)
	}
	n, err := io.Copy(io.MultiWriter(t.file, t.sum), &counting{io.LimitReader(alive(response.Body), t.size-t.have+1), t.tally})
	t.have += n
	if t.have > t.size {
		err := t.wrongSize(t.have)
		return errors.Join(t.restart(), err)
	}
	if err == nil && t.have < t.size {
		err = io.ErrUnexpectedEOF
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return unwritable(err)
	}
	if err != nil {
		return cut(ctx, t.url, err)
	}
	return nil
}

// align makes the file end where the response begins.
func (t *transfer) align(response *http.Response) error {
	switch response.StatusCode {
	case http.StatusOK:
		if t.have > 0 {
			return t.restart()
		}
	case http.StatusPartialContent:
		expected := fmt.Sprintf("bytes %d-", t.have)
		if got := response.Header.Get("Content-Range"); !strings.HasPrefix(got, expected) {
			return errors.Join(t.restart(), transient{error: fmt.Errorf("fetching %s: asked for %s, got %q", redact(t.url), expected, got)})
		}
	case http.StatusRequestedRangeNotSatisfiable:
		return errors.Join(t.restart(), transient{error: fmt.Errorf("fetching %s: the mirror has fewer bytes than %d", redact(t.url), t.have)})
	}
	return nil
}

// wrongSize is the error of a file that is not as long as the index says.
func (t *transfer) wrongSize(got int64) error {
	return ui.WithHint(fmt.Errorf("fetching %s: got a file of at least %d bytes, expected %d", redact(t.url), got, t.size),
		"the mirror or a proxy serves another file in its place: try again later, or name another mirror with --mirror")
}

// counting tells a tally what was read.
type counting struct {
	io.Reader
	tally *tally
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.tally.received(int64(n))
	return n, err
}
