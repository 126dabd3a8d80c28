package ui

import (
	"errors"
	"fmt"
)

// Exit codes of both programs. CodeNothing says that there was nothing to do, to
// a caller who asked for that answer.
const (
	CodeFailed      = 1
	CodeUsage       = 2
	CodeNothing     = 3
	codeInterrupted = 130
)

// hinted is an error that knows what the user can do about it.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// Hint is found by errors.As, for whoever shows an error in another form.
func (h hinted) Hint() string { return hintOf(h) }

// WithHint adds to err what to do next, printed on a line of its own.
// A nil err stays nil. The innermost hint wins, for it knows the most.
func WithHint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return hinted{err, fmt.Sprintf(format, args...)}
}

// coded is an error that decides the exit code.
type coded struct {
	error
	code int
}

func (c coded) Unwrap() error { return c.error }

// ExitCode is found by errors.As through whatever err is wrapped in, as it is in
// an *exec.ExitError.
func (c coded) ExitCode() int { return c.code }

// WithCode makes err end the program with the exit code given. A nil err stays nil.
func WithCode(err error, code int) error {
	if err == nil {
		return nil
	}
	return coded{err, code}
}

// Usage makes err one of usage, with a hint: [WithCode] of [CodeUsage], and
// [WithHint].
func Usage(err error, format string, args ...any) error {
	return WithHint(WithCode(err, CodeUsage), format, args...)
}

// hintOf returns the innermost hint of err, or "".
func hintOf(err error) string {
	hint := ""
	for err != nil {
		if h, ok := errors.AsType[hinted](err); ok {
			hint, err = h.hint, h.error
			continue
		}
		break
	}
	return hint
}

// codeOf returns the exit code that err asks for: CodeFailed when it asks for none.
func codeOf(err error) int {
	if c, ok := errors.AsType[coded](err); ok {
		return c.code
	}
	return CodeFailed
}
