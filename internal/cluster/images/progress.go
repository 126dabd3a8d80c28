package images

import (
	"fmt"
	"sync"
)

// Layer is how far one layer of an image is.
type Layer struct {
	ID          string // the same for all images that share it
	Done, Total int64  // bytes that came, of how many; 0 of 0 until it is known
	Ready       bool   // it is there, unpacked
}

// Progress is how far all pulls together are.
type Progress struct {
	Images        int   // being pulled, or pulled
	Layers, Ready int   // known so far, and there
	Done, Total   int64 // bytes that came, of those known to come
}

// String is one line for a terminal; nothing under way is "".
func (p Progress) String() string {
	if p.Images == 0 {
		return ""
	}
	const mega = 1000 * 1000
	return fmt.Sprintf("pulling images (%d): %d of %d MB, %d of %d layers ready", p.Images, p.Done/mega, p.Total/mega, p.Ready, p.Layers)
}

// pulls collects the progress of pulls side by side. Images share layers, which
// come once: they are counted once.
type pulls struct {
	note  func(string)
	meter func(Progress)

	mu     sync.Mutex
	layers map[string]Layer
	sum    Progress
}

// begin tells of a pull.
func (p *pulls) begin(ref string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sum.Images++
	p.note("pulling " + ref)
}

// told takes in what an engine says of a layer. A size that is known stays: an
// engine tells it while bytes come, and not again when the layer is there.
func (p *pulls) told(l Layer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.layers[l.ID]
	l.Total, l.Done, l.Ready = max(l.Total, was.Total), max(l.Done, was.Done), l.Ready || was.Ready
	if l.Ready {
		l.Done = l.Total
	}
	p.layers[l.ID] = l
	sum := Progress{Images: p.sum.Images, Layers: len(p.layers)}
	for _, l := range p.layers {
		sum.Done, sum.Total = sum.Done+l.Done, sum.Total+l.Total
		if l.Ready {
			sum.Ready++
		}
	}
	if sum != p.sum && p.meter != nil {
		p.meter(sum)
	}
	p.sum = sum
}
