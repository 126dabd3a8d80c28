package ready

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// checkPatience bounds one try of a check, so that a hanging one is repeated.
const checkPatience = 10 * time.Second

// maxAnswer is more than the API says of as many cores as a cluster can have, maxLine
// than any line that means something: root in a host may write without end.
const (
	maxAnswer = 128 << 20
	maxLine   = 1 << 16
)

// resources is where the API, of a host and port, has all cores of all nodes.
var resources = fmt.Sprintf("http://%%s/oarapi/resources.json?limit=%d", 1<<20)

// api asks OAR's REST API whether every core of every node is Alive.
func (t Target) api(ctx context.Context) error {
	frontend, _ := t.Topology.Host("frontend")
	url := fmt.Sprintf(resources, frontend.Ports[80])
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// The user's proxies are not for a port of this very machine.
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return culprit{"frontend", fmt.Errorf("asking the API: %w", err)}
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return culprit{"frontend", fmt.Errorf("asking the API: GET %s: %s", url, response.Status)}
	}
	return t.judge(url, io.LimitReader(response.Body, maxAnswer))
}

// judge looks for every core of every node in the API's answer.
func (t Target) judge(url string, answer io.Reader) error {
	states, err := readStates(answer)
	if err != nil {
		return culprit{"frontend", fmt.Errorf("reading the API's answer to GET %s: %w", url, err)}
	}
	for _, n := range t.Topology.Nodes() {
		if alive := states[n.Name]["Alive"]; alive != n.Cores || len(states[n.Name]) > 1 {
			return culprit{n.Name, fmt.Errorf("asking the API for its %d cores: %s", n.Cores, describe(states[n.Name]))}
		}
	}
	return nil
}

// readStates counts, for each node, its cores by state. Dead ones are history: what
// a node had before, kept for the jobs that ran there.
func readStates(r io.Reader) (map[string]map[string]int, error) {
	var answer struct {
		Items []struct {
			Node  string `json:"network_address"`
			State string `json:"state"`
		} `json:"items"`
	}
	if err := json.NewDecoder(r).Decode(&answer); err != nil {
		return nil, err
	}
	states := map[string]map[string]int{}
	for _, item := range answer.Items {
		if item.State == "Dead" {
			continue
		}
		if states[item.Node] == nil {
			states[item.Node] = map[string]int{}
		}
		states[item.Node][item.State]++
	}
	return states, nil
}

func describe(states map[string]int) string {
	if len(states) == 0 {
		return "OAR has none of them"
	}
	return strings.TrimPrefix(fmt.Sprint(states), "map")
}

// ssh reads the greeting of the frontend's ssh server.
func (t Target) ssh(ctx context.Context) error {
	frontend, _ := t.Topology.Host("frontend")
	at := frontend.Ports[22].String()
	dialer := net.Dialer{Timeout: checkPatience}
	conn, err := dialer.DialContext(ctx, "tcp", at)
	if err != nil {
		return culprit{"frontend", fmt.Errorf("connecting to its ssh: %w", err)}
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(checkPatience)) // fails for closed connections alone, and then the read does too
	banner, err := bufio.NewReader(io.LimitReader(conn, maxLine)).ReadString('\n')
	if err != nil || !strings.HasPrefix(banner, greeting) {
		return culprit{"frontend", fmt.Errorf("reading the greeting of its ssh on %s: got %q, %v", at, banner, err)}
	}
	return nil
}

// greeting begins what an ssh server says first (RFC 4253, section 4.2).
const greeting = "SSH-2.0-"
