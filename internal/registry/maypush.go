package registry

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// mayPush is an error when the registry of a repository is one that this program serves,
// for a user who does not let this one write. It asks, for the other process alone knows
// whom it trusts; every other registry speaks for itself when it is pushed to.
func mayPush(ctx context.Context, repository string) error {
	if !IsLoopback(repository) {
		return nil
	}
	addr, _, _ := strings.Cut(repository, "/")
	addr = net.JoinHostPort(splitAddress(addr))
	if ours, err := probe(ctx, addr); err != nil || !ours {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	// Nothing can be posted there: who may write is told so.
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/v2/", nil)
	if err != nil {
		return nil
	}
	response, err := loopbackClient().Do(request)
	if err != nil {
		return nil
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		return nil
	}
	return ui.WithHint(fmt.Errorf("pushing to %s: %s serves that registry, and lets user %d only read",
		repository, cmp.Or(owner(repository), "another user"), os.Getuid()), anotherPort)
}
