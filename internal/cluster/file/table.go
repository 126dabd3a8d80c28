package file

import (
	"regexp"

	"github.com/oarcluster/oarcluster/internal/cluster/names"
	"github.com/oarcluster/oarcluster/recipes/grammar"
)

// text is a rule of the table. Values are checked as they are read.
func text(what, rule, say string) *grammar.Text { return named(what, regexp.MustCompile(rule), say) }

// named is a rule that others check, too.
func named(what string, rule *regexp.Regexp, say string) *grammar.Text {
	return &grammar.Text{What: what, Rule: rule, Say: say, Fixed: true}
}

// whole is a rule of whole numbers.
func whole(what, rule, say string) *grammar.Text {
	t := text(what, rule, say)
	t.Number = true
	return t
}

// free is a text that may be anything.
func free(what string) *grammar.Text { return &grammar.Text{What: what, Fixed: true} }

func one(t *grammar.Text) grammar.Value  { return grammar.Value{Text: t} }
func list(t *grammar.Text) grammar.Value { return grammar.Value{List: &grammar.Value{Text: t}} }
func pairs(key *grammar.Text, value grammar.Value) grammar.Value {
	return grammar.Value{Map: &grammar.Map{Key: key, Value: value}}
}

// The rules of values. What values mean together is checked in read.go, and what a
// cluster can be in package cluster.
var (
	clusterName = named("name", names.Cluster, "a cluster's name has up to 32 lower-case letters, digits and inner dashes")
	groupName   = named("group", names.Group, "a group's name has up to 20 lower-case letters, digits and dashes, and begins and ends with a letter: the number of a node follows")
	imageTag    = named("tag", names.Tag, "a tag has at most 128 letters, digits, _, . and -, and does not begin with . or -")
	word        = text("value", `^[^\s]+$`, "it must be one word")
	address     = text("bind", `^[0-9a-fA-F.:]+$`, "it must be an IP address of this machine, such as 127.0.0.1")
	port        = whole("http_port", `^[1-9][0-9]{0,4}$`, "a port is a number up to 65535")
	duration    = text("timeout", `^([1-9][0-9]{0,5}(s|m|h))+$`, "a timeout is written 90s, 10m or 1h30m")
	volume      = text("volume", `^[^:\n]+:/[^:\n]+(:(ro|rw))?$`, "a volume is HOST:CONTAINER, or HOST:CONTAINER:ro")
	count       = whole("count", `^(0|[1-9][0-9]{0,3})$`, "it must be a number up to 9999")
	cores       = whole("cores", `^[1-9][0-9]{0,3}$`, "it must be a number from 1 to 1024")
	memory      = text("memory", `^([1-9][0-9]{0,11}[km]?|[1-9][0-9]{0,6}g)$`, "memory is a number of bytes, with k, m or g after it for 1024, 1024² or 1024³ of them, such as 512m")
	envName     = text("env", `^[A-Za-z_][A-Za-z0-9_]*$`, "the name of an environment variable has letters, digits and _")
	value       = text("value", `^[^\t\n]{0,255}$`, "it is one line of at most 255 characters, without tabs")
	property    = text("property", `^[a-z][a-z0-9_]{0,62}$`, "a property's name has lower-case letters, digits and _, and begins with a letter")
	kind        = &grammar.Text{What: "type", Say: "a property is an int or a string", Values: []string{"int", "string"}, Fixed: true}
	queueName   = text("queue", `^[a-z][a-z0-9_-]{0,99}$`, "a queue's name has lower-case letters, digits, _ and -, and begins with a letter")
	priority    = whole("priority", `^-?(0|[1-9][0-9]{0,8})$`, "a priority is a whole number")
	policy      = text("policy", `^[a-z][a-z0-9_]*$`, "a policy is the name of one of OAR's schedulers, such as oar_sched_gantt_with_timesharing")
	userName    = text("user", `^[a-z_][a-z0-9_-]{0,30}$`, "a user's name has up to 31 lower-case letters, digits, _ and -")
	uid         = whole("uid", `^[1-9][0-9]{3,4}$`, "a uid is a number from 1001 to 59999")
	key         = text("key", `^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/=]+( [^\n]*)?\n?$`, "a key is one line as in a .pub file of ssh-keygen")
	confKey     = text("oar_conf", `^[A-Z][A-Z0-9_]*$`, "a key of oar.conf has capital letters, digits and _")
	confValue   = text("oar_conf", "^[^\"#$\\\\`\\n]*$", "a value of oar.conf is one line without \", #, $, ` and \\")
)

// Table is all keys that a cluster file may have.
func Table() *grammar.Object {
	return &grammar.Object{
		Name: "cluster", Title: "A cluster", Whole: true,
		Help: "A cluster file is one YAML document, a mapping with these keys. What it does not say is as without a file.",
		Keys: []grammar.Key{
			{Name: "$schema", Value: one(free("$schema")), Help: "Where an editor finds the schema. It says nothing to oardeploy."},
			{Name: "name", Value: one(clusterName), Help: "Which cluster; `--name`."},
			{Name: "nodes", Required: true, Value: pairs(groupName, grammar.Value{Object: group()}),
				Help: "Groups of nodes by their names, which their hostnames begin with: the nodes of `fat` are `fat1`, `fat2` and so on."},
			{Name: "registry", Value: one(word), Help: "Where the images are; `--registry`."},
			{Name: "tag", Value: one(imageTag), Help: "Which images; `--tag`."},
			{Name: "volumes", Value: list(volume), Help: "Folders that server, frontend and nodes see; `-v`. A relative path is taken from the file's folder. One at `/home` takes the place of the shared homes."},
			{Name: "bind", Value: one(address), Help: "Address on which ports are published; `--bind`."},
			{Name: "http_port", Value: one(port), Help: "Port of the web pages and the API; `--http-port`."},
			{Name: "timeout", Value: one(duration), Help: "How long the cluster may take to be ready; `--timeout`."},
			{Name: "properties", Value: pairs(property, one(kind)), Help: "Properties of OAR's resources and their types, beside OAR's own and `host`, `cpu` and `core`."},
			{Name: "queues", Value: pairs(queueName, grammar.Value{Object: queue()}), Help: "Queues beside OAR's `admin`, `default` and `besteffort`, or other values for these."},
			{Name: "users", Value: pairs(userName, grammar.Value{Object: user()}), Help: "Accounts on server, frontend and nodes, beside `docker`. Their homes are shared."},
			{Name: "oar_conf", Value: pairs(confKey, one(confValue)), Help: "Settings that win over those of `/etc/oar/oar.conf` on all hosts; `--oar-conf`."},
		},
	}
}

func group() *grammar.Object {
	return &grammar.Object{
		Name: "nodes", Help: "A group of nodes.",
		Keys: []grammar.Key{
			{Name: "count", Required: true, Value: one(count), Help: "How many nodes."},
			{Name: "cores", Value: one(cores), Help: "Cores that OAR sees on each; 1 when not given."},
			{Name: "memory", Value: one(memory), Help: "What each may use: `512m`, `2g`. The engine's default is no limit."},
			{Name: "image", Value: one(word), Help: "Their image, as a whole reference; `REGISTRY/node:TAG` when not given."},
			{Name: "env", Value: pairs(envName, one(free("env"))), Help: "Environment variables of the containers."},
			{Name: "volumes", Value: list(volume), Help: "Folders that these nodes see beside the cluster's, or in the place of one of them."},
			{Name: "properties", Value: pairs(property, one(value)), Help: "Values of the cluster's `properties` for each core of these nodes."},
		},
	}
}

func queue() *grammar.Object {
	return &grammar.Object{
		Name: "queues", Help: "A queue of OAR's, for `oarsub -q`.",
		Keys: []grammar.Key{
			{Name: "priority", Required: true, Value: one(priority), Help: "Jobs of a queue with a higher one are scheduled first: `admin` has 10, `default` 2, `besteffort` 0."},
			{Name: "policy", Value: one(policy), Help: "The scheduler: `" + defaultPolicy + "` when not given."},
		},
	}
}

func user() *grammar.Object {
	return &grammar.Object{
		Name: "users", Help: "A user, who may log in by ssh and submit jobs, and has no sudo. That keeps nobody out: whoever reaches the API may be any user, `docker` with sudo too.",
		Keys: []grammar.Key{
			{Name: "uid", Required: true, Value: one(uid), Help: "The number of the account and of its group."},
			{Name: "keys", Value: list(key), Help: "Public keys of ssh with which the user logs in."},
		},
	}
}
