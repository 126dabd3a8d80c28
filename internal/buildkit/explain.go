package buildkit

import (
	"errors"
	"fmt"
	"strings"

	gateway "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"

	"github.com/oarcluster/oarcluster/internal/buildkit/rescue"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// explain turns BuildKit's error about a job into one that names the recipe and
// its line, the step, its exit status and its last lines of output.
func explain(title string, err error, d *display) error {
	if _, decided := errors.AsType[*rescue.Decision](err); decided {
		return err
	}
	vertex, failedStep := errors.AsType[*errdefs.VertexError](err)
	if !failedStep {
		return ui.WithHint(fmt.Errorf("building %s: %w", title, err), "the builder's own log may say more (oarbuild daemon status)")
	}
	name, tail := d.step(vertex.Digest)
	text := fmt.Sprintf("building %s: %sstep %q %s", title, place(err), name, ending(err))
	for _, line := range tail {
		text += "\n  | " + strings.TrimRight(line, "\r\n")
	}
	return ui.WithHint(stepError{text, err}, "mend the step and build again: what succeeded is kept; --on-error shell opens a shell where it failed, --progress plain shows all output")
}

// place returns "FILE:LINE: " of the recipe, or "" when the step is none's.
func place(err error) string {
	for _, source := range errdefs.Sources(err) {
		if source.Info != nil && len(source.Ranges) > 0 {
			return fmt.Sprintf("%s:%d: ", source.Info.Filename, source.Ranges[0].Start.Line)
		}
	}
	return ""
}

// ending says how the step ended.
func ending(err error) string {
	exit, ok := errors.AsType[*gateway.ExitError](err)
	switch {
	case !ok:
		return "failed: " + lastCause(err)
	case exit.ExitCode == gateway.UnknownExitStatus:
		return "could not be started or was killed: " + lastCause(err)
	}
	return fmt.Sprintf("ended with exit status %d", exit.ExitCode)
}

// lastCause returns the error's text without the layers of words that each hop
// of the way from the builder put before it.
func lastCause(err error) string {
	text := err.Error()
	for _, prefix := range []string{"failed to solve: ", "failed to load cache key: ", "failed to compute cache key: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}

// stepError is a failed step, told in our words, with BuildKit's error beneath.
type stepError struct {
	text  string
	cause error
}

func (e stepError) Error() string { return e.text }
func (e stepError) Unwrap() error { return e.cause }
