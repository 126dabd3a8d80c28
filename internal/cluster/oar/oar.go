// Package oar is what a cluster's user wants of OAR and of the accounts on its
// hosts, beside the nodes themselves, and how the hosts are told.
//
// # Policy
//
// The files are read by the images' own scripts (oar-resources and settings in
// configs): a line an entry, words between spaces. What a file does not list any
// more goes, what was made by hand stays.
//
// # Boundaries
//
// Pure: values and texts. What a user may write is the table of package file.
package oar

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Settings are what is wanted of OAR.
type Settings struct {
	Properties []Property        `json:",omitempty"`
	Queues     []Queue           `json:",omitempty"`
	Users      []User            `json:",omitempty"`
	Conf       map[string]string `json:",omitempty"` // oar.conf: key → value
}

// Property is a column of OAR's resources.
type Property struct {
	Name string
	Type string // int or string
}

// Queue is a queue of OAR's.
type Queue struct {
	Name     string
	Priority int
	Policy   string // the scheduler's program
}

// User is an account on server, frontend and nodes.
type User struct {
	Name string
	UID  int
	Keys []string `json:",omitempty"` // public keys of ssh, a line each
}

// Names of the files, in the folder that the hosts share.
const (
	properties, queues, users, conf = "properties", "queues", "users", "oar.conf"
)

// Files are what the hosts are told, by name. A part that is nil is left as it is.
func (s Settings) Files() map[string]string {
	files := map[string]string{}
	if s.Properties != nil {
		files[properties] = lines(s.Properties, func(p Property) string { return p.Name + " " + p.Type })
	}
	if s.Queues != nil {
		files[queues] = lines(s.Queues, func(q Queue) string { return fmt.Sprintf("%s %d %s", q.Name, q.Priority, q.Policy) })
	}
	if s.Users != nil {
		files[users] = lines(s.Users, User.lines)
	}
	if s.Conf != nil {
		files[conf] = lines(slices.Sorted(maps.Keys(s.Conf)), func(key string) string { return key + "=\"" + s.Conf[key] + "\"" })
	}
	return files
}

// Whole is the settings with nothing left as it is.
func (s Settings) Whole() Settings {
	if s.Properties == nil {
		s.Properties = []Property{}
	}
	if s.Queues == nil {
		s.Queues = []Queue{}
	}
	if s.Users == nil {
		s.Users = []User{}
	}
	if s.Conf == nil {
		s.Conf = map[string]string{}
	}
	return s
}

func lines[T any](all []T, line func(T) string) string {
	var b strings.Builder
	for _, one := range all {
		b.WriteString(line(one) + "\n")
	}
	return b.String()
}

// lines are one for the account and one for each key.
func (u User) lines() string {
	account := fmt.Sprintf("%s %d", u.Name, u.UID)
	text := account
	for _, key := range u.Keys {
		text += "\n" + account + " " + strings.TrimSpace(key)
	}
	return text
}

// OnEveryHost reports whether a file concerns every host, not the server alone.
func OnEveryHost(file string) bool { return file == users || file == conf }
