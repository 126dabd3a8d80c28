package mirror

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/oarcluster/oarcluster/internal/debian"
)

// component is the part of the archives that images are made of: Debian itself.
const component = "main"

// maxIndex bounds the size of an unpacked index. Those of Debian have 60 MB.
const maxIndex = 1 << 30

// index is loaded when it is first needed.
type index struct {
	once  sync.Once
	index *debian.Index
	err   error
}

// Resolve answers debian.Index.Resolve of the request for an architecture. The
// answer is kept: for the same request and the same indexes it comes out of the
// cache, and no index is fetched or parsed.
func (a *Archive) Resolve(ctx context.Context, arch string, request debian.Request) ([][]debian.Package, error) {
	lists, err := a.lists(arch)
	if err != nil {
		return nil, err
	}
	path, err := a.answerPath(arch, request, lists)
	if err != nil {
		return nil, err
	}
	if answer := readAnswer(path, len(request.Groups)); answer != nil {
		touch(path)
		for _, l := range lists {
			touch(a.listPath(l))
		}
		return answer, nil
	}
	ix, err := a.index(ctx, arch, lists)
	if err != nil {
		return nil, err
	}
	answer, err := ix.Resolve(request)
	if err != nil {
		return nil, err
	}
	return answer, writeAnswer(path, answer)
}

// listPath is where a Packages file is kept.
func (a *Archive) listPath(l list) string { return a.store.path("indexes", l.file.SHA256) }

// index returns the index of an architecture, loading it once.
func (a *Archive) index(ctx context.Context, arch string, lists []list) (*debian.Index, error) {
	a.mu.Lock()
	ix := a.indexes[arch]
	if ix == nil {
		ix = &index{}
		a.indexes[arch] = ix
	}
	a.mu.Unlock()
	ix.once.Do(func() { ix.index, ix.err = a.load(ctx, arch, lists) })
	return ix.index, ix.err
}

// load fetches and parses the lists of an architecture.
func (a *Archive) load(ctx context.Context, arch string, lists []list) (*debian.Index, error) {
	tally := tally{report: a.report, progress: Progress{Phase: "indexes", Total: len(lists)}}
	for _, l := range lists {
		tally.progress.TotalBytes += l.file.Size
	}
	parsed := make([][]debian.Package, len(lists))
	group, ctx := errgroup.WithContext(ctx)
	for i, l := range lists {
		group.Go(func() (err error) {
			path := a.listPath(l)
			if err := a.fetchList(ctx, l, path, &tally); err != nil {
				return err
			}
			parsed[i], err = readList(path, l)
			tally.done()
			return wrap("reading", l.suite.url+"/"+l.path, err)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return debian.NewIndex(arch, parsed...), nil
}
