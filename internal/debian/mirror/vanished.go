package mirror

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/oarcluster/oarcluster/internal/debian"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// Vanished is the error of packages that are not in the store and cannot be
// had: nobody has them any more, or the network is not to be used.
type Vanished struct {
	Packages []debian.Package // sorted by name
	Offline  bool
	Snapshot error // why the snapshot service could not be asked for all of them

	mu sync.Mutex
}

// take takes in a package whose error says that it cannot be had.
func (v *Vanished) take(p debian.Package, err error) bool {
	_, gone := errors.AsType[notFound](err)
	offline := errors.Is(err, errOffline)
	if !gone && !offline {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.Packages = append(v.Packages, p)
	v.Offline = v.Offline || offline
	return true
}

// err returns v if there is anything in it, with a hint.
func (v *Vanished) err() error {
	if len(v.Packages) == 0 {
		return nil
	}
	if v.Offline {
		return ui.WithHint(v, "run it once without --offline")
	}
	return ui.WithHint(v, "the mirror may be in the middle of an update: try again in some minutes, or name another one with --mirror")
}

// Error names the packages, as many as a reader wants to see.
func (v *Vanished) Error() string {
	const shown = 8
	var names []string
	for _, p := range v.Packages[:min(len(v.Packages), shown)] {
		names = append(names, p.Filename[strings.LastIndexByte(p.Filename, '/')+1:])
	}
	if more := len(v.Packages) - shown; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	list := strings.Join(names, ", ")
	if v.Offline {
		return "fetching packages: offline, and the store does not have " + list
	}
	text := "fetching packages: the mirror does not have " + list
	if v.Snapshot != nil {
		text += ", and the snapshot service does not help: " + v.Snapshot.Error()
	}
	return text
}
