package build

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/suggest"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/llb"
	"github.com/oarcluster/oarcluster/recipes"
)

// again returns the names of the steps that are to run again. An entry of the
// option is a name, or several with commas between them; a name may itself have
// commas. A name that no recipe has is an error of usage.
func again(o Options, list []*recipes.Resolved) ([]string, error) {
	var known, names []string
	for _, r := range list {
		known = append(known, llb.Steps(r)...)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	for _, entry := range o.Again {
		if slices.Contains(known, entry) {
			names = append(names, entry)
			continue
		}
		for name := range strings.SplitSeq(entry, ",") {
			if !slices.Contains(known, name) {
				return nil, ui.Usage(fmt.Errorf("looking for step %q to run again: no recipe has it%s", name, suggest.For(name, known)),
					"name the steps as oarbuild graph does: \"configure LEVEL\", or the name of a script")
			}
			names = append(names, name)
		}
	}
	return names, nil
}
