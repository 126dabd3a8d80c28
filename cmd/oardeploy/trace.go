package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/oarcluster/oarcluster/internal/cluster/trace"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// traced runs do and leaves a trace of it in the file that --trace names, if any: of
// what failed, too. The file is made first, for a path may be mistyped.
func (c *common) traced(ctx context.Context, do func(context.Context) error) error {
	if c.trace == "" {
		return do(ctx)
	}
	file, err := os.Create(c.trace)
	if err != nil {
		return ui.WithHint(fmt.Errorf("making the trace: %w", err), "--trace names a file in a folder that is there and yours; nothing was changed")
	}
	r := trace.New()
	err = do(r.Context(ctx, "oardeploy"))
	return errors.Join(err, r.Write(file), file.Close())
}
