package file

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/cluster/oar"
	"github.com/oarcluster/oarcluster/internal/strict"
)

// own are the columns of OAR's resources that are not the user's to declare.
var own = strings.Fields(`resource_id type network_address state next_state finaud_decision next_finaud_decision state_num
	suspended_jobs scheduler_priority cpuset besteffort deploy expiry_date desktop_computing last_job_date available_upto
	last_available_upto drain host cpu core walltime nodes`)

// properties answers the types of those that are declared.
func (r *reader) properties(n strict.Node, s *oar.Settings) map[string]string {
	for _, p := range n.Pairs {
		if slices.Contains(own, p.Key.Value) {
			r.mistake(p.Key.At, "property %q is OAR's own", p.Key.Value)
		}
		s.Properties = append(s.Properties, oar.Property{Name: p.Key.Value, Type: p.Value.Value})
	}
	slices.SortFunc(s.Properties, func(a, b oar.Property) int { return cmp.Compare(a.Name, b.Name) })
	return values(n)
}

func (r *reader) queues(n strict.Node, s *oar.Settings) {
	for _, p := range n.Pairs {
		s.Queues = append(s.Queues, oar.Queue{
			Name: p.Key.Value, Priority: number(p.Value.Get("priority").Value, "0"),
			Policy: cmp.Or(p.Value.Get("policy").Value, defaultPolicy),
		})
	}
	slices.SortFunc(s.Queues, func(a, b oar.Queue) int { return cmp.Compare(a.Name, b.Name) })
}

// taken are names that accounts of the images have.
var taken = strings.Fields(`root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc nobody
	sshd docker postgres oar messagebus polkitd`)

func (r *reader) users(n strict.Node, s *oar.Settings) {
	owner := map[int]string{}
	for _, p := range n.Pairs {
		u := oar.User{Name: p.Key.Value, UID: number(p.Value.Get("uid").Value, "0")}
		at := p.Value.Get("uid").At
		switch other, twice := owner[u.UID]; {
		case slices.Contains(taken, u.Name):
			r.mistake(p.Key.At, "user %q: the images have an account of that name", u.Name)
		case u.UID <= 1000 || u.UID >= 60000:
			r.mistake(at, "uid %d: %s", u.UID, uid.Say)
		case twice:
			r.mistake(at, "uid %d is also the one of %s", u.UID, other)
		}
		owner[u.UID] = u.Name
		for _, k := range p.Value.Get("keys").List {
			u.Keys = append(u.Keys, strings.TrimSpace(k.Value))
		}
		s.Users = append(s.Users, u)
	}
	slices.SortFunc(s.Users, func(a, b oar.User) int { return cmp.Compare(a.Name, b.Name) })
}

// Setting reads KEY=VALUE, a setting of oar.conf.
func Setting(text string) (name, setting string, err error) {
	name, setting, ok := strings.Cut(text, "=")
	switch {
	case !ok:
		err = fmt.Errorf("reading setting %q: want KEY=VALUE", text)
	case !confKey.Allows(name):
		err = fmt.Errorf("reading setting %q: %s", text, confKey.Say)
	case !confValue.Allows(setting):
		err = fmt.Errorf("reading setting %q: %s", text, confValue.Say)
	}
	return name, setting, err
}
