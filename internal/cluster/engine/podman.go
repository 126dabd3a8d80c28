package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"

	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"
)

// podman is how Podman's engine calls itself among its components.
const podman = "Podman Engine"

// isPodman tells Podman's engine, which speaks Docker's language but for some words.
func isPodman(v client.ServerVersionResult) bool {
	for _, c := range v.Components {
		if c.Name == podman {
			return true
		}
	}
	return false
}

// pullPlainly makes Podman's engine pull an image without TLS, as Docker's does by
// itself from a registry of the loopback. Only a call of Podman's own can say so; it
// answers in Docker's words when it is asked to.
func (d *Docker) pullPlainly(ctx context.Context, ref, auth string) (iter.Seq2[jsonstream.Message, error], error) {
	query := url.Values{"reference": {ref}, "tlsVerify": {"false"}, "compatMode": {"true"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://podman/v4.0.0/libpod/images/pull?"+query.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set(registry.AuthHeader, auth)
	t := &http.Transport{
		ResponseHeaderTimeout: d.connections.ResponseHeaderTimeout, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return d.api.Dialer()(ctx) },
	}
	r, err := (&http.Client{Transport: t}).Do(request)
	if err != nil {
		return nil, err
	}
	if r.StatusCode == http.StatusOK {
		return messages(r.Body), nil
	}
	defer r.Body.Close()
	var says struct{ Message string }
	if err := json.NewDecoder(r.Body).Decode(&says); err != nil {
		return nil, fmt.Errorf("the engine answered %s", r.Status)
	}
	return nil, errors.New(says.Message)
}

// messages reads what an engine tells until it ends.
func messages(told io.ReadCloser) iter.Seq2[jsonstream.Message, error] {
	return func(yield func(jsonstream.Message, error) bool) {
		defer told.Close()
		for all := json.NewDecoder(told); ; {
			var m jsonstream.Message
			err := all.Decode(&m)
			if errors.Is(err, io.EOF) || !yield(m, err) || err != nil {
				return
			}
		}
	}
}
