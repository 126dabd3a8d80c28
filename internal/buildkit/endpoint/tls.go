package endpoint

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/moby/buildkit/client"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// certificates returns what a connection to a tcp:// address needs to speak
// TLS: the certificate of the authority that it trusts and, when the folder has
// them, its own certificate and key. The names are those that buildctl knows.
func certificates(dir, address string) ([]client.ClientOpt, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, ui.WithCode(err, ui.CodeUsage)
	}
	first := func(names ...string) string {
		for _, name := range names {
			path := filepath.Join(dir, name)
			if _, err := os.Stat(path); err == nil {
				return path
			}
		}
		return ""
	}
	authority, own, key := first("ca.pem", "ca.crt"), first("cert.pem", "tls.crt"), first("key.pem", "tls.key")
	if authority == "" {
		return nil, ui.Usage(fmt.Errorf("reading --builder-tlsdir %s: there is no ca.pem in it", dir),
			"put the authority's certificate there as ca.pem, and your own as cert.pem with key.pem")
	}
	options := []client.ClientOpt{client.WithServerConfig(at.Hostname(), authority)}
	if own != "" || key != "" {
		options = append(options, client.WithCredentials(own, key))
	}
	return options, nil
}
