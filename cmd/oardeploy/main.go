// Command oardeploy brings up an OAR cluster in containers on this machine, and
// takes it down again.
//
// The files of this package are one a verb: flags and printing. What the verbs do
// is in internal/cluster/deploy and around it.
package main

import (
	"context"
	"os"

	"github.com/oarcluster/oarcluster/internal/ui"
)

func main() { os.Exit(run()) }

func run() int {
	streams := ui.Std()
	return ui.Main("oardeploy", streams, func(ctx context.Context) error {
		return completing(newRoot(streams)).ExecuteContext(ctx)
	})
}
