package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// The patience of the client.
const (
	attempts   = 5                // in a row that bring nothing, before giving up
	firstPause = time.Second / 2  // doubled each time
	maxWait    = time.Minute      // longest Retry-After that is waited for
	stallAfter = 30 * time.Second // without a byte, counts as a cut connection
	minRate    = 1 << 10          // bytes a second; what is slower counts as nothing
)

// client speaks HTTP with a mirror.
type client struct {
	http    *http.Client
	pause   func(context.Context, time.Duration) error
	stall   time.Duration
	offline bool
}

// newClient returns a client that takes its proxies from the source, else from
// the environment.
func newClient(source Source) *client {
	return &client{
		offline: source.Offline,
		http: &http.Client{Transport: &http.Transport{
			Proxy:                 source.proxy,
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: stallAfter,
			MaxIdleConnsPerHost:   parallel,
			IdleConnTimeout:       time.Minute,
			ForceAttemptHTTP2:     true,
			DisableCompression:    true, // sizes and digests are those of the bytes on the wire
		}},
		pause: pause,
		stall: stallAfter,
	}
}

// errOffline is the error of a request that was not to be made.
var errOffline = errors.New("offline, and it is not in the cache")

// do sends a GET request. Answers other than those named in want are errors.
func (c *client) do(ctx context.Context, address string, header http.Header, want ...int) (*http.Response, error) {
	if c.offline {
		return nil, ui.WithHint(wrap("fetching", address, errOffline), "run it once without --offline")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("fetching %s: it is no sound address", redact(address))
	}
	request.Header = header
	request.Header.Set("User-Agent", "oarbuild")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, cut(ctx, address, err)
	}
	for _, status := range want {
		if response.StatusCode == status {
			return response, nil
		}
	}
	response.Body.Close()
	return nil, failedStatus(response, address)
}

// getSmall fetches a whole file of at most limit bytes, unless the server says
// that it is still the one with these validators; body is nil then.
func (c *client) getSmall(ctx context.Context, address string, limit int64, known validators) (body []byte, fresh validators, err error) {
	err = c.retry(ctx, func(ctx context.Context) (bool, error) {
		header := http.Header{}
		want := []int{http.StatusOK}
		if known.ETag != "" {
			header.Set("If-None-Match", known.ETag)
		}
		if known.LastModified != "" {
			header.Set("If-Modified-Since", known.LastModified)
		}
		if len(header) > 0 {
			want = append(want, http.StatusNotModified)
		}
		ctx, alive, done := c.watch(ctx)
		defer done()
		response, err := c.do(ctx, address, header, want...)
		if err != nil {
			return false, err
		}
		defer response.Body.Close()
		if response.StatusCode == http.StatusNotModified {
			body, fresh = nil, known
			return true, nil
		}
		fresh = validators{response.Header.Get("ETag"), response.Header.Get("Last-Modified")}
		body, err = io.ReadAll(io.LimitReader(alive(response.Body), limit+1))
		if err != nil {
			return false, cut(ctx, address, err)
		}
		if int64(len(body)) > limit {
			return false, fmt.Errorf("fetching %s: larger than %d bytes", redact(address), limit)
		}
		return true, nil
	})
	return body, fresh, err
}
