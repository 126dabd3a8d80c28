package build

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/oarcluster/oarcluster/internal/debian/mirror"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// redrawEvery is how often a terminal's line about transfers changes.
const redrawEvery = 100 * time.Millisecond

// progress remembers how far the transfers of an archive are, and shows it
// meanwhile on a terminal.
type progress struct {
	terminal io.Writer // nil when there is none

	mu     sync.Mutex
	phases map[string]mirror.Progress // the last word of each phase
	drawn  time.Time
}

func newProgress(o Options) *progress {
	p := &progress{phases: map[string]mirror.Progress{}}
	if ui.IsTerminal(o.Err) && o.Progress != "quiet" && o.Progress != "rawjson" && o.Progress != "plain" {
		p.terminal = o.Err
	}
	return p
}

// take is a callback of package mirror.
func (p *progress) take(now mirror.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phases[now.Phase] = now
	if p.terminal != nil && now.Fetched > 0 && time.Since(p.drawn) > redrawEvery {
		p.drawn = time.Now()
		fmt.Fprintf(p.terminal, "\r\033[Kfetching %s: %d of %d, %.1f of %.1f MB",
			now.Phase, now.Done, now.Total, float64(now.Bytes)/1e6, float64(now.TotalBytes)/1e6)
	}
}

// line tells in one line how a phase went that took so long, or "" when nothing
// came over the network. It takes the place of what was shown meanwhile.
func (p *progress) line(noun, phase string, took time.Duration) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal != nil && !p.drawn.IsZero() {
		fmt.Fprint(p.terminal, "\r\033[K")
		p.drawn = time.Time{}
	}
	now := p.phases[phase]
	if now.Fetched == 0 {
		return ""
	}
	megabytes := float64(now.Fetched) / 1e6
	return fmt.Sprintf("fetched %s, %.1f MB in %s (%.1f MB/s)",
		count(now.Total, noun), megabytes, seconds(took), megabytes/max(took.Seconds(), 0.001))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// count writes a number with its noun.
func count(n int, noun string) string {
	switch {
	case n == 1:
	case noun == "index":
		noun = "indexes"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
