package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// parallel is the number of transfers at a time. One mirror gives more with
// several, and is not bothered by that few.
const parallel = 8

// blob is a file of which size and digest are known.
type blob struct {
	url    string
	sha256 string
	size   int64
}

// download brings a blob to path, going on where an earlier attempt ended.
func (c *client) download(ctx context.Context, b blob, path string, tally *tally) error {
	f, err := partial(ctx, path)
	if err != nil {
		return err
	}
	if f == nil { // another process has brought it
		tally.stored(b.size)
		return nil
	}
	defer f.Close()
	d := transfer{blob: b, file: f, tally: tally, sum: sha256.New()}
	if err := d.resume(); err != nil {
		return err
	}
	if err := c.retry(ctx, func(ctx context.Context) (bool, error) { return c.transfer(ctx, &d) }); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return unwritable(err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return unwritable(err)
	}
	return nil
}

// transfer is a blob on its way into a file.
type transfer struct {
	blob
	file  *os.File
	tally *tally
	sum   hash.Hash // of what the file holds
	have  int64     // bytes that the file holds
	again bool      // the file was thrown away once, because of its digest
}

// resume takes in what an earlier attempt left.
func (t *transfer) resume() error {
	n, err := io.Copy(t.sum, io.LimitReader(t.file, t.size+1))
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.file.Name(), err)
	}
	t.have = n
	t.tally.stored(n)
	if n > t.size {
		return t.restart()
	}
	return nil
}

// restart throws away what the file holds.
func (t *transfer) restart() error {
	t.tally.stored(-t.have)
	t.have = 0
	t.sum.Reset()
	if _, err := t.file.Seek(0, io.SeekStart); err != nil {
		return unwritable(err)
	}
	if err := t.file.Truncate(0); err != nil {
		return unwritable(err)
	}
	return nil
}

// transfer makes one attempt to bring the rest of t, and checks the whole.
func (c *client) transfer(ctx context.Context, t *transfer) (progress bool, err error) {
	before := t.have
	if t.have < t.size {
		if err := c.receive(ctx, t); err != nil {
			return t.have > before && !errors.Is(err, errSlow), err
		}
	}
	if got := hex.EncodeToString(t.sum.Sum(nil)); got != t.sha256 {
		err := ui.WithHint(fmt.Errorf("fetching %s: got a file with SHA-256 %s, expected %s", redact(t.url), got, t.sha256),
			"it was changed on its way, or the mirror or a proxy is broken: name another mirror with --mirror")
		if resErr := t.restart(); resErr != nil {
			return false, resErr
		}
		if t.again {
			return false, err
		}
		t.again = true
		return false, transient{error: err}
	}
	return true, nil
}
