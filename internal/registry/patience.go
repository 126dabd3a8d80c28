package registry

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// How long a registry that wants its clients to wait is waited for: at one
// answer, and in all for one request. [defaultPause] is for those that do not
// say how long.
const (
	longestPause = time.Minute
	patience     = 3 * time.Minute
	defaultPause = 2 * time.Second
)

// patient is a transport that sends a request again when the registry answers
// that there were too many (429), or that it is not there for a while (503 with
// a time), after the time that the answer names (RFC 9110, "Retry-After").
type patient struct {
	next http.RoundTripper
	wait func(*http.Request, time.Duration) error
}

// RoundTrip implements [http.RoundTripper].
func (p patient) RoundTrip(request *http.Request) (*http.Response, error) {
	waited := time.Duration(0)
	for {
		response, err := p.next.RoundTrip(request)
		if err != nil {
			return nil, err
		}
		pause, wanted := pauseOf(response)
		if !wanted || waited+pause > patience || request.Body != nil && request.GetBody == nil {
			return response, nil
		}
		waited += pause
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // so that the connection can be used again
		response.Body.Close()
		if err := p.wait(request, pause); err != nil {
			return nil, err
		}
		if request.GetBody != nil {
			request = request.Clone(request.Context())
			if request.Body, err = request.GetBody(); err != nil {
				return nil, err
			}
		}
	}
}

// pauseOf returns how long the answer wants its client to wait.
func pauseOf(response *http.Response) (pause time.Duration, wanted bool) {
	after := response.Header.Get("Retry-After")
	switch {
	case response.StatusCode == http.StatusTooManyRequests:
	case response.StatusCode == http.StatusServiceUnavailable && after != "":
	default:
		return 0, false
	}
	pause = defaultPause
	if seconds, err := strconv.Atoi(after); err == nil && seconds >= 0 {
		pause = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(after); err == nil {
		pause = time.Until(date)
	}
	return min(max(pause, 100*time.Millisecond), longestPause), true
}

// sleep waits, or ends with the request.
func sleep(request *http.Request, pause time.Duration) error {
	select {
	case <-request.Context().Done():
		return request.Context().Err()
	case <-time.After(pause):
		return nil
	}
}
