package buildkit

import (
	"errors"
	"fmt"
	"strings"
	"time"

	gateway "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/opencontainers/go-digest"

	"github.com/oarcluster/oarcluster/internal/buildkit/rescue"
	"github.com/oarcluster/oarcluster/internal/ui"
)

// explain turns BuildKit's error about a job into one that names the recipe and
// its line, the step, its exit status and its last lines of output.
func explain(job Job, err error, d *display) error {
	if _, decided := errors.AsType[*rescue.Decision](err); decided {
		return err
	}
	vertex, failedStep := errors.AsType[*errdefs.VertexError](err)
	if !failedStep {
		return ui.WithHint(fmt.Errorf("building %s: %w", job.Title, err), "the builder's own log may say more (oarbuild daemon status)")
	}
	name, tail := d.step(vertex.Digest)
	limit, took := job.Graph.Timeout(digest.Digest(vertex.Digest)), d.took(vertex.Digest)
	text := fmt.Sprintf("building %s: %sstep %q %s", job.Title, place(err), name, ending(err, limit, took))
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

// What timeout(1) ends with when it had to send SIGTERM, and when SIGKILL. A
// script may do so, too, but not after just that time.
const (
	statusTimedOut = 124
	statusKilled   = 137
)

// ending says how the step ended, which had a limit of time, or 0.
func ending(err error, limit, took time.Duration) string {
	exit, ok := errors.AsType[*gateway.ExitError](err)
	switch {
	case ok && limit > 0 && took >= limit && (exit.ExitCode == statusTimedOut || exit.ExitCode == statusKilled):
		return fmt.Sprintf("took longer than its timeout of %v and was ended", limit)
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
	return wholeCommand.ReplaceAllString(text, "")
}

// stepError is a failed step, told in our words, with BuildKit's error beneath.
type stepError struct {
	text  string
	cause error
}

func (e stepError) Error() string { return e.text }
func (e stepError) Unwrap() error { return e.cause }
