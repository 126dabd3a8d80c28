// Package engine speaks with a Docker Engine as far as building needs it: it
// loads images, reaches the Engine's own BuildKit, and runs one container.
//
// It is a handful of requests over a unix socket, in the version of the Engine
// API that every Engine since 20.10 answers; the Engine's own client would bring
// more than the rest of this program.
package engine

import (
	"bufio"
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

// defaultHost is where the Engine listens unless DOCKER_HOST says otherwise.
const defaultHost = "unix:///var/run/docker.sock"

// version is the API's that Engine 20.10 has; later ones answer it.
const version = "/v1.41"

// Engine is a Docker Engine behind a unix socket.
type Engine struct {
	Socket string
	http   *http.Client
}

// Find returns the Engine of DOCKER_HOST, or of this machine. Whether it answers
// is another question.
func Find() (*Engine, error) {
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		host = defaultHost
	}
	socket, ok := strings.CutPrefix(host, "unix://")
	if !ok {
		return nil, ui.WithHint(fmt.Errorf("using the Docker Engine at %s: only unix sockets are supported", host),
			"use --push and a registry that the Engine can reach")
	}
	e := &Engine{Socket: socket}
	e.http = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return e.dial(ctx) },
	}}
	return e, nil
}

func (e *Engine) dial(ctx context.Context) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", e.Socket)
}

// Failure is what the Engine says about a request that it refuses.
type Failure struct {
	Status  int
	Message string
}

func (f *Failure) Error() string { return f.Message }

// Missing reports whether err says that there is no such thing.
func Missing(err error) bool {
	f, ok := errors.AsType[*Failure](err)
	return ok && f.Status == http.StatusNotFound
}

// Conflict reports whether err says that another request came first: the name is
// taken, or a removal is under way.
func Conflict(err error) bool {
	f, ok := errors.AsType[*Failure](err)
	return ok && f.Status == http.StatusConflict
}

// Call sends a request with a JSON body, or none when it is nil, and decodes the
// answer into result unless that is nil.
func (e *Engine) Call(ctx context.Context, method, path string, body, result any) error {
	reader, kind := io.Reader(http.NoBody), ""
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader, kind = strings.NewReader(string(data)), "application/json"
	}
	answer, err := e.send(ctx, method, path, kind, reader)
	if err != nil {
		return err
	}
	defer answer.Close()
	if result == nil {
		_, err = io.Copy(io.Discard, answer)
		return err
	}
	return json.NewDecoder(answer).Decode(result)
}

// Stream sends an archive and reads the stream of messages that the Engine
// answers: an error may come in it when the status says that all is well.
func (e *Engine) Stream(ctx context.Context, path string, archive io.Reader) error {
	answer, err := e.send(ctx, http.MethodPost, path, "application/x-tar", archive)
	if err != nil {
		return err
	}
	defer answer.Close()
	for decoder := json.NewDecoder(answer); ; {
		var message struct{ Error string }
		switch err := decoder.Decode(&message); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case message.Error != "":
			return errors.New(message.Error)
		}
	}
}

// Read returns the whole answer to a request.
func (e *Engine) Read(ctx context.Context, path string) ([]byte, error) {
	answer, err := e.send(ctx, http.MethodGet, path, "", http.NoBody)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	return io.ReadAll(answer)
}

// send sends a request and returns the body of an answer that is no refusal.
func (e *Engine) send(ctx context.Context, method, path, kind string, body io.Reader) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://docker"+version+path, body)
	if err != nil {
		return nil, err
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := e.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		defer response.Body.Close()
		return nil, refusal(response)
	}
	return response.Body, nil
}

// refusal reads why the Engine refused.
func refusal(response *http.Response) error {
	f := &Failure{Status: response.StatusCode, Message: response.Status}
	var said struct{ Message string }
	if json.NewDecoder(response.Body).Decode(&said) == nil && said.Message != "" {
		f.Message = said.Message
	}
	return f
}

// Upgrade turns a request into a connection that speaks another protocol.
func (e *Engine) Upgrade(ctx context.Context, path, protocol string, header map[string][]string) (net.Conn, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://docker"+version+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	for key, values := range header {
		for _, value := range values {
			request.Header.Add(key, value)
		}
	}
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", protocol)
	conn, err := e.dial(ctx)
	if err != nil {
		return nil, err
	}
	if err := request.Write(conn); err != nil {
		conn.Close()
		return nil, err
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		conn.Close()
		return nil, err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		defer conn.Close()
		return nil, refusal(response)
	}
	return &upgraded{conn, reader}, nil
}

// upgraded is a connection whose first bytes may have been read already.
type upgraded struct {
	net.Conn
	reader *bufio.Reader
}

func (u *upgraded) Read(p []byte) (int, error) { return u.reader.Read(p) }

// CloseWrite ends one direction, as those who copy both ways want to.
func (u *upgraded) CloseWrite() error {
	if c, ok := u.Conn.(*net.UnixConn); ok {
		return c.CloseWrite()
	}
	return nil
}
