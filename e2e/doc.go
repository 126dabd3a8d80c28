// Package e2e holds the scenarios that run the built programs against the real
// Debian archive, a real BuildKit, a real registry and a real Docker Engine.
//
// A scenario is one promise, phrased as an obligation; its checks look at
// states (what the Engine, OAR or the registry answers), not at progress lines.
// Everything runs under the cluster name "e2e", so a cluster of the user's own
// is left alone. The scenarios run by `make test`, behind the build tag e2e.
package e2e
