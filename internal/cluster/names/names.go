// Package names is how the names in a cluster look: one rule each, for whoever checks
// them and for the table of cluster files.
//
// # Policy
//
// Names become hostnames, labels, paths of folders and parts of command lines; so each
// rule allows what all of these take, and nothing that needs quoting. The grammar of
// regular expressions is the one that Go and the JSON Schema share.
package names

import "regexp"

// The rules. Each matches a whole name.
var (
	// Cluster is also the network's name, and what its containers' names begin with.
	Cluster = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)
	// Group ends in a letter: the number of a node follows.
	Group = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,18}[a-z])?$`)
	// Tag is the engine's own rule of an image's tag (distribution's reference.go).
	Tag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
)
