package endpoint

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// service is a buildkitd that this program starts and ends.
type service interface {
	// start makes it run, and tells whether it was this call that did.
	start(context.Context) (bool, error)
	// stop ends it, and tells whether it ran. Its cache stays.
	stop(context.Context) (bool, error)
	// status tells in one line what it is about, and whether it serves.
	status(context.Context) (string, bool)
	// Address is where it listens, as BUILDKIT_HOST has it.
	Address() string
}

// services are those that this user may have, the better one first.
func (d *Daemon) services() []service {
	list := []service{d}
	if c, err := newContainer(d); err == nil {
		list = append(list, c)
	}
	return list
}

// Start makes the program's own buildkitd run: as a process when this user is
// root and the machine has runc, else in a container of the Docker Engine. It
// returns its address, and how it came to run.
func (d *Daemon) Start(ctx context.Context) (address, how string, err error) {
	var reasons []error
	for _, s := range d.services() {
		how, err := run(ctx, s)
		if err != nil && (ctx.Err() != nil || !errors.Is(err, errLacks)) {
			return "", "", err
		}
		if err != nil {
			reasons = append(reasons, err)
			continue
		}
		return s.Address(), how, nil
	}
	return "", "", errors.Join(reasons...)
}

// run starts a service and says how it came to run.
func run(ctx context.Context, s service) (how string, err error) {
	started, err := s.start(ctx)
	if err != nil {
		return "", err
	}
	how = "found running"
	if started {
		how = "started; it stays for the next build, \"oarbuild daemon stop\" ends it"
	}
	if c, ok := s.(*container); ok {
		how += "; in the container " + c.name + ", which has root's rights, for runc makes containers in it"
	}
	return how, nil
}

// Stop ends the program's own buildkitd, however it runs, and returns once it is
// gone, and whether there was one. Its cache stays.
func (d *Daemon) Stop(ctx context.Context) (bool, error) {
	var all error
	any := false
	for _, s := range d.services() {
		stopped, err := s.stop(ctx)
		if errors.Is(err, errLacks) {
			continue
		}
		any, all = any || stopped, errors.Join(all, err)
	}
	return any, all
}

// Status returns a line for each way in which the program's own buildkitd can
// run that says whether it does, and whether one serves.
func (d *Daemon) Status(ctx context.Context) (string, bool) {
	var lines []string
	for _, s := range d.services() {
		line, serves := s.status(ctx)
		if serves {
			return line, true
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n"), false
}

// errLacks is beneath the errors that say what a way to run a buildkitd lacks on
// this machine, so that another way is tried.
var errLacks = errors.New("")

// lacking marks an error as one that is no fault, but says what is not there.
func lacking(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w%w", err, errLacks)
}
