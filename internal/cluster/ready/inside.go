package ready

import (
	"context"
	"fmt"
	"strings"

	"github.com/oarcluster/oarcluster/internal/cluster/bounded"
)

// insidePatience bounds one try of a check inside: over ssh it opens connections first.
const insidePatience = 3 * checkPatience

// apiInside asks OAR's REST API from within the frontend.
func (t Target) apiInside(ctx context.Context) error {
	url := fmt.Sprintf(resources, "localhost")
	answer, err := t.inside(ctx, "curl", "-sSf", "--noproxy", "*", url)
	if err != nil {
		return culprit{"frontend", fmt.Errorf("asking the API: %w", err)}
	}
	return t.judge(url, strings.NewReader(answer))
}

// sshInside reads the greeting of the frontend's ssh server from within it.
func (t Target) sshInside(ctx context.Context) error {
	banner, err := t.inside(ctx, "bash", "-c", "exec 3<>/dev/tcp/localhost/22; head -n 1 <&3")
	if err == nil && !strings.HasPrefix(banner, greeting) {
		err = fmt.Errorf("got %q", banner)
	}
	if err != nil {
		return culprit{"frontend", fmt.Errorf("reading the greeting of its ssh: %w", err)}
	}
	return nil
}

// inside runs a command in the frontend and returns what it says. One that fails is
// an error with its own words.
func (t Target) inside(ctx context.Context, argv ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, insidePatience)
	defer cancel()
	frontend, _ := t.Topology.Host("frontend")
	out, errs := bounded.Buffer{Max: maxAnswer}, bounded.Buffer{Max: maxLine}
	code, err := t.Engine.Exec(ctx, frontend.Container, argv, &out, &errs)
	if err == nil && code != 0 {
		err = fmt.Errorf("%s: exit status %d: %s", argv[0], code, strings.TrimSpace(errs.String()))
	}
	return out.String(), err
}
