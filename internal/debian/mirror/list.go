package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/debian/release"
	"github.com/oarcluster/oarcluster/internal/debian/xz"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// list is a Packages file as a Release names it.
type list struct {
	suite    suite
	path     string // below dists/SUITE, with its ending
	file     release.File
	unpacked int64
}

// lists returns the Packages files of all suites.
func (a *Archive) lists(arch string) ([]list, error) {
	var all []list
	for i := range a.suites {
		lists, err := a.suites[i].lists(arch)
		if err != nil {
			return nil, err
		}
		all = append(all, lists...)
	}
	return all, nil
}

// lists returns the Packages file of each component. Of two compressions gzip is
// taken where the archive has it: it is a third larger than xz, and unpacked
// ten times as fast.
func (s *suite) lists(arch string) ([]list, error) {
	var lists []list
	if !slices.Contains(s.release.Architectures, arch) {
		return nil, ui.WithHint(fmt.Errorf("suite %s has no architecture %q", s.name, arch),
			"it has: %v", s.release.Architectures)
	}
	for _, component := range s.components {
		plain := component + "/binary-" + arch + "/Packages"
		unpacked := int64(maxIndex)
		if file, known := s.release.Files[plain]; known {
			unpacked = file.Size
		}
		i := slices.IndexFunc(endings, func(ending string) bool { _, has := s.release.Files[plain+ending]; return has })
		if i < 0 {
			return nil, ui.WithHint(fmt.Errorf("suite %s at %s names no %s with any of the endings %q", s.name, redact(s.url), plain, endings),
				"it may not have component %q", component)
		}
		lists = append(lists, list{*s, plain + endings[i], s.release.Files[plain+endings[i]], min(unpacked, maxIndex)})
	}
	return lists, nil
}

// endings are those of the compressions that can be read, the best first.
var endings = []string{".gz", ".xz", ""}

// fetchList brings a Packages file into the cache. By its digest it can be had
// also while the mirror is being updated; by its name it is the last resort.
func (a *Archive) fetchList(ctx context.Context, l list, path string, tally *tally) error {
	b := blob{l.suite.url + "/" + l.path, l.file.SHA256, l.file.Size}
	state, err := verifyFile(path, b)
	if err != nil {
		return err
	}
	if state == whole {
		tally.stored(b.size)
		return nil
	}
	if l.suite.release.ByHash {
		byHash := b
		byHash.url = l.suite.url + "/" + byHashPath(l.path, l.file.SHA256)
		err := a.client.download(ctx, byHash, path, tally)
		if _, gone := errors.AsType[notFound](err); !gone {
			return err
		}
	}
	err = a.client.download(ctx, b, path, tally)
	return ui.WithHint(err, "the mirror may be in the middle of an update: try again in some minutes, or name another one with --mirror")
}

// byHashPath is where the file of that path is by its digest.
func byHashPath(path, sha256 string) string {
	return path[:strings.LastIndexByte(path, '/')+1] + "by-hash/SHA256/" + sha256
}

// readList parses a verified Packages file, which must be as long as its
// Release says.
func readList(path string, l list) ([]debian.Package, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var unpacked io.Reader = f
	switch path := l.path; {
	case strings.HasSuffix(path, ".gz"):
		unpacked, err = gzip.NewReader(f)
	case strings.HasSuffix(path, ".xz"):
		unpacked, err = xz.NewReader(f)
	}
	if err != nil {
		return nil, err
	}
	limited := &io.LimitedReader{R: unpacked, N: l.unpacked + 1}
	packages, err := debian.ParseIndex(limited, l.suite.archive)
	if err == nil && limited.N == 0 {
		err = fmt.Errorf("it unpacks to more than %d bytes", l.unpacked)
	}
	return packages, err
}
