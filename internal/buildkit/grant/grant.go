// Package grant holds what steps of a build may use of this machine: secrets and
// the user's ssh agent. A step gets what its recipe asks for and nothing else,
// over the session with the builder and only while it runs: neither the image nor
// the cache holds it.
package grant

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/session/sshforward/sshprovider"

	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/recipes"
)

// agentID is the one agent that steps can ask for.
const agentID = "default"

// Grants are what the user gives to steps. The zero value is nothing.
type Grants struct {
	secrets []secretsprovider.Source
	agent   string // what the agent is: a socket, or a file with a key
}

// Parse reads what --secret and --ssh say, as docker buildx does:
// id=ID,src=FILE or id=ID,env=NAME; default or default=SOCKET. What is not there is
// an error of usage.
func Parse(secrets, agents []string) (Grants, error) {
	var g Grants
	for _, text := range secrets {
		source, err := parseSecret(text)
		if err != nil {
			return g, ui.Usage(fmt.Errorf("reading --secret %q: %w", text, err), "write --secret id=ID,src=FILE or --secret id=ID,env=NAME")
		}
		g.secrets = append(g.secrets, source)
	}
	for _, text := range agents {
		id, socket, given := strings.Cut(text, "=")
		if !given {
			socket = os.Getenv("SSH_AUTH_SOCK")
		}
		switch {
		case id != agentID:
			return g, ui.Usage(fmt.Errorf("reading --ssh %q: steps know one agent, %q", text, agentID), "write --ssh default or --ssh default=SOCKET")
		case socket == "":
			return g, ui.Usage(fmt.Errorf("reading --ssh %q: no agent runs: SSH_AUTH_SOCK is not set", text), "start one (eval $(ssh-agent); ssh-add), or name its socket with --ssh default=SOCKET")
		}
		g.agent = socket
	}
	_, err := g.Attachables()
	return g, err
}

func parseSecret(text string) (secretsprovider.Source, error) {
	var s secretsprovider.Source
	fields, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return s, err
	}
	for _, field := range fields {
		switch key, value, _ := strings.Cut(field, "="); strings.ToLower(key) {
		case "id":
			s.ID = value
		case "src", "source":
			s.FilePath = value
		case "env":
			s.Env = value
		case "type": // buildx wants it for a file that is called like a variable; src and env tell them apart
		default:
			return s, fmt.Errorf("unknown key %q", key)
		}
	}
	switch {
	case s.ID == "":
		return s, errors.New("id is missing")
	case (s.FilePath == "") == (s.Env == ""):
		return s, errors.New("give one of src and env")
	}
	if _, set := os.LookupEnv(s.Env); s.Env != "" && !set {
		return s, fmt.Errorf("the environment has no variable %s", s.Env)
	}
	return s, nil
}

// Attachables are what a session with a builder offers it for the grants.
func (g Grants) Attachables() ([]session.Attachable, error) {
	var all []session.Attachable
	if len(g.secrets) > 0 {
		store, err := secretsprovider.NewStore(g.secrets)
		if err != nil {
			return nil, ui.Usage(fmt.Errorf("reading the secrets: %w", err), "see what --secret says")
		}
		all = append(all, secretsprovider.NewSecretProvider(store))
	}
	if g.agent != "" {
		agent, err := sshprovider.NewSSHAgentProvider([]sshprovider.AgentConfig{{ID: agentID, Paths: []string{g.agent}}})
		if err != nil {
			return nil, ui.Usage(fmt.Errorf("reading the ssh agent: %w", err), "see what --ssh says, or SSH_AUTH_SOCK")
		}
		all = append(all, agent)
	}
	return all, nil
}

// Check reports every step of a recipe that asks for what was not given.
func (g Grants) Check(r *recipes.Resolved) error {
	var missing error
	for _, level := range r.Levels {
		for _, step := range level.Run {
			for _, id := range step.Secrets {
				if !g.has(id) {
					missing = errors.Join(missing, ui.Usage(fmt.Errorf("%s: step %q asks for the secret %q, which was not given", step.At, step.Name, id),
						"give it with --secret id=%s,src=FILE or --secret id=%s,env=NAME", id, id))
				}
			}
			if step.SSH && g.agent == "" {
				missing = errors.Join(missing, ui.Usage(fmt.Errorf("%s: step %q asks for an ssh agent, which was not given", step.At, step.Name),
					"give it with --ssh default, or --ssh default=SOCKET"))
			}
		}
	}
	return missing
}

func (g Grants) has(id string) bool {
	for _, s := range g.secrets {
		if s.ID == id {
			return true
		}
	}
	return false
}
