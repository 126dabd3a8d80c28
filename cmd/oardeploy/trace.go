package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/oarcluster/oarcluster/internal/cluster/trace"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// traced runs do and leaves a trace of it in the file of the path given, if any:
// of what failed, too. The file is made first, for a path may be mistyped.
func traced(ctx context.Context, path string, do func(context.Context) error) error {
	if path == "" {
		return do(ctx)
	}
	file, err := os.Create(path)
	if err != nil {
		return ui.WithHint(fmt.Errorf("making the trace: %w", err), "--trace names a file in a folder that is there and yours; nothing was deployed")
	}
	r := trace.New()
	err = do(r.Context(ctx, "deploy"))
	return errors.Join(err, r.Write(file), file.Close())
}
