package buildkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// engineSocket is where the Docker Engine listens unless DOCKER_HOST says otherwise.
const engineSocket = "unix:///var/run/docker.sock"

// loadHint is what to do when the Engine takes no images.
const loadHint = "see that the Engine runs and that you may use it (docker info), or use --push"

// engineAt returns the socket of the Docker Engine of DOCKER_HOST.
func engineAt() (string, error) {
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		host = engineSocket
	}
	socket, ok := strings.CutPrefix(host, "unix://")
	if !ok {
		return "", ui.WithHint(fmt.Errorf("loading into the Docker Engine at %s: only unix sockets are supported", host),
			"use --push and a registry that the Engine can reach")
	}
	return socket, nil
}

// load returns a writer that streams a docker archive into the Docker Engine at
// the socket (Engine API, POST /images/load). Close waits for the Engine and
// returns its verdict; failed gets it too when it is an error, for on its way
// through the builder it loses its words.
func load(ctx context.Context, socket string, failed chan<- error) io.WriteCloser {
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := post(ctx, socket, r)
		if err != nil {
			failed <- err
		}
		r.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		done <- err
	}()
	return &archive{w, done}
}

// archive is the write end of a load.
type archive struct {
	*io.PipeWriter
	done <-chan error
}

func (a *archive) Close() error {
	a.PipeWriter.Close()
	return <-a.done
}

// post sends the archive and returns what the Engine says about it: an error
// may come in the stream of a response whose status is 200.
func post(ctx context.Context, socket string, body io.Reader) error {
	fail := func(err error) error {
		return ui.WithHint(fmt.Errorf("loading into the Docker Engine at %s: %w", socket, err),
			loadHint)
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://docker/images/load?quiet=1", body)
	if err != nil {
		return fail(err)
	}
	request.Header.Set("Content-Type", "application/x-tar")
	response, err := client.Do(request)
	if err != nil {
		return fail(err)
	}
	defer response.Body.Close()
	for decoder := json.NewDecoder(response.Body); ; {
		var message struct{ Error, Message string }
		switch err := decoder.Decode(&message); {
		case errors.Is(err, io.EOF) && response.StatusCode == http.StatusOK:
			return nil
		case err != nil:
			return fail(fmt.Errorf("%s: %w", response.Status, err))
		case message.Error != "":
			return fail(errors.New(message.Error))
		case response.StatusCode != http.StatusOK:
			return fail(errors.New(message.Message))
		}
	}
}
