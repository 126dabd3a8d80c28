package mirror

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// Further is an archive beyond Debian's own, which its own keys sign.
type Further struct {
	Name       string // as debian.Package.Archive has it
	URL        string // of the folder with dists/ and pool/
	Suite      string // the folder below dists/, and the Codename or Suite of its Release
	Components []string
	Keyring    [][]byte // ASCII-armoured keys that may sign it, and nothing else
}

// With returns the archive with further ones beside it. Their packages count as
// Debian's do: of one name the highest version is taken, and of equal versions
// Debian's, as by an apt whose sources all have the same priority.
func (a *Archive) With(ctx context.Context, further []Further) (*Archive, error) {
	if len(further) == 0 {
		return a, nil
	}
	more := &Archive{source: a.source, client: a.client, store: a.store, reporting: a.reporting,
		indexes: map[string]*index{}, bases: maps.Clone(a.bases)}
	var suites []suite
	for _, f := range further {
		if err := more.addBase(f); err != nil {
			return nil, err
		}
		suites = append(suites, suite{name: f.Suite, archive: f.Name, components: f.Components, keyring: f.Keyring,
			keyHint: "see whether the keyring of source " + f.Name + " is the one that its archive publishes"})
	}
	if err := more.openReleases(ctx, suites); err != nil {
		return nil, aboutFurther(ctx, further, err)
	}
	more.suites = slices.Concat(a.suites, suites)
	return more, nil
}

// addBase takes in where a further archive is.
func (a *Archive) addBase(f Further) error {
	address := strings.TrimRight(f.URL, "/")
	switch {
	case a.bases[f.Name] != "":
		return ui.Usage(fmt.Errorf("source %s: another archive has this name", f.Name), "give it another one")
	case !isAddress(address):
		return ui.Usage(fmt.Errorf("source %s: %q is not the address of an archive", f.Name, redact(f.URL)), "write it as http://HOST/FOLDER or https://HOST/FOLDER")
	case f.Suite == "" || strings.HasSuffix(f.Suite, "/") || len(f.Components) == 0:
		return ui.Usage(fmt.Errorf("source %s: suite %q with components %v: a suite has a folder below dists/, and components", f.Name, f.Suite, f.Components),
			"archives without dists/ are not supported")
	}
	a.bases[f.Name] = address
	return nil
}

// aboutFurther says of which source an error is, and what to do when the archive
// has no InRelease file.
func aboutFurther(ctx context.Context, further []Further, err error) error {
	if ctx.Err() != nil {
		return err
	}
	for _, f := range further {
		if !strings.Contains(err.Error(), redact(strings.TrimRight(f.URL, "/")+"/dists/"+f.Suite+"/InRelease")) {
			continue
		}
		if gone, ok := errors.AsType[notFound](err); ok {
			err = ui.WithHint(gone.error, "check the url and the suite of the source; an archive has to have an InRelease file, Release.gpg beside Release is not enough")
		}
		return fmt.Errorf("source %s: %w", f.Name, err)
	}
	return err
}
