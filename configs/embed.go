// Package configs holds the files that go into images, as they lie in them:
// one tree for each image (base, server, frontend, node, dnsmasq), merged over
// its packages, and the trees of the bare Debian level (debian, and one for
// each suite), which lie beneath the packages.
//
// Policy: a file is ours or a small drop-in; what belongs to a package is
// edited by a step of the recipe with its reason. Modes follow from contents: a
// file that starts with "#!" is 0755, every other 0644, unless the recipe says
// otherwise. No tree holds a key or a password hash: keys are made for each
// cluster, and the one documented password is hashed by a step of base.
package configs

import "embed"

// FS has one folder a tree, named as the "from" of a recipe's files entry. The
// "all:" prefix lets dotfiles (skel/.bashrc) in.
//
//go:embed all:debian all:trixie all:bookworm all:base all:server all:frontend all:node all:dnsmasq
var FS embed.FS
