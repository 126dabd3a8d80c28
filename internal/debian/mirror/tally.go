package mirror

import (
	"sync"
)

// tally adds up the progress of many transfers.
type tally struct {
	mu       sync.Mutex
	progress Progress
	report   func(Progress)
}

// received counts bytes off the network.
func (t *tally) received(n int64) { t.add(Progress{Bytes: n, Fetched: n}) }

// stored counts bytes that are in the store already, or, as a negative number,
// some that turned out not to count.
func (t *tally) stored(n int64) { t.add(Progress{Bytes: n}) }

// done counts a file.
func (t *tally) done() { t.add(Progress{Done: 1}) }

func (t *tally) add(more Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.progress.Bytes += more.Bytes
	t.progress.Fetched += more.Fetched
	t.progress.Done += more.Done
	t.report(t.progress)
}
