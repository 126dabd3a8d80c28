//go:build e2e

package e2e

import (
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestARealEngineSaysWhatTheCatalogueSays provokes on a real Engine what the entries of
// docs/errors.md, which come from one in memory, tell of engines: what is printed must
// be there, up to the engine's own words.
func TestARealEngineSaysWhatTheCatalogueSays(t *testing.T) {
	needImages(t)
	const name = "e2e-errors"
	work := call{dir: t.TempDir()}
	clean := func() { must(t, "oardeploy", "clean", name) }
	deploy := func() { work.must(t, "oardeploy", "-q", "-n", "1", "--name", name) }
	clean()
	defer clean()
	docker := func(args ...string) func() { return func() { must(t, "docker", args...) } }
	dnsmasq := must(t, "docker", "image", "inspect", "-f", "{{.Id}}", "localhost:5000/oarcluster/dnsmasq:2.6.1")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	nothing := func() {}
	for _, tc := range []struct {
		entry      string
		before     func()
		command    string
		code       int
		afterwards func()
	}{
		{"An image is nowhere", nothing, "-q -n 1 --tag no-such", 1, nothing},
		{"A port is taken by another program", nothing, "-q -n 1 --http-port " + port, 1, nothing},
		{"Something else has a name of the cluster's", docker("create", "--name", name+"_server", dnsmasq), "-q -n 1", 1, docker("rm", name+"_server")},
		{"Something else has the lock's name", docker("volume", "create", name+"_lock"), "-q -n 1", 1, docker("volume", "rm", name+"_lock")},
		{"There is no such cluster", nothing, "exec server -- true", 1, deploy},
		{"The cluster's network is too small", nothing, "-q -n 300", 1, nothing},
		{"The cluster has no such host, or no such group", nothing, "scale fat=2", 2, nothing},
		{"A command in a host", nothing, "exec server -- nosuch", 126, nothing},
		{"Copying", nothing, "cp node1:/no/such/file .", 1, nothing},
		{"The host does not run", docker("stop", name+"_node1"), "exec node1 -- true", 1, docker("start", name+"_node1")},
		{"Something else uses the cluster's network", docker("run", "-d", "--name", name+"-guest", "--network", name, dnsmasq), "-q clean", 1, docker("rm", "-f", name+"-guest")},
		{"Something else uses a volume of the cluster's", func() {
			deploy()
			must(t, "docker", "create", "--name", name+"-guest", "-v", name+"_home:/x", dnsmasq)
		}, "-q clean", 1, docker("rm", "-f", name+"-guest")},
	} {
		t.Run(tc.entry, func(t *testing.T) {
			tc.before()
			defer tc.afterwards()
			r := work.run(t, "oardeploy", onCluster(tc.command, name)...)
			if r.code != tc.code {
				t.Errorf("exit %d, want %d", r.code, tc.code)
			}
			told, words := blockOf(t, tc.entry), strings.NewReplacer(name, "oarcluster", port, "48080", ":no-such", ":2.6.1")
			for line := range strings.Lines(r.out + r.err) {
				line = ours.ReplaceAllString(words.Replace(strings.TrimSpace(line)), "oarcluster")
				line, _, _ = strings.Cut(image.ReplaceAllString(subnets.ReplaceAllString(line, "10.141.0.0/24"), "$1/node:"), "Error response from daemon: ")
				if line, _, _ = strings.Cut(line, "exec failed: "); !strings.Contains(told, line) {
					t.Errorf("printed is %q, and the entry has\n%s", line, told)
				}
			}
		})
	}
}

// What is another one each time stands in the catalogue with one value.
var (
	ours    = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	subnets = regexp.MustCompile(`\b10\.141\.\d+\.0/24`)
	image   = regexp.MustCompile(`("localhost:5000/oarcluster)/\w+:`)
)

// onCluster are the arguments of a command line, of the cluster named.
func onCluster(command, name string) []string {
	args := strings.Fields(command)
	if args[len(args)-1] == "clean" {
		return append(args, name)
	}
	i := 0
	if !strings.HasPrefix(args[0], "-") {
		i = 1 // after the verb
	}
	return append(append(append([]string{}, args[:i]...), "--name", name), args[i:]...)
}

// blockOf is what an entry of the catalogue prints.
func blockOf(t *testing.T, entry string) string {
	t.Helper()
	page, err := os.ReadFile("../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "\n### "+entry+"\n")
	text, _, ended := strings.Cut(rest, "\n```\n")
	if !found || !ended {
		t.Fatalf("no entry %q", entry)
	}
	return text
}
