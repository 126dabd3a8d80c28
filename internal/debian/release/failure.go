package release

import (
	"errors"
	"fmt"
	"slices"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// failure is why one signature counts for nothing. Of several the one of the
// highest rank is told, for it says the most.
type failure struct {
	rank int
	err  error
}

func (f failure) Error() string { return f.err.Error() }
func (f failure) Unwrap() error { return f.err }

// fail makes a failure with a hint.
func fail(rank int, hint, format string, args ...any) error {
	return failure{rank, ui.WithHint(fmt.Errorf(format, args...), "%s", hint)}
}

// worst returns the failure that says the most.
func worst(failures []error) error {
	return slices.MaxFunc(failures, func(a, b error) int { return rank(a) - rank(b) })
}

func rank(err error) int {
	f, _ := errors.AsType[failure](err)
	return f.rank
}
