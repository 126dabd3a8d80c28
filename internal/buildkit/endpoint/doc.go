// Package endpoint finds the BuildKits that a build goes to, and starts one
// where there is none.
//
// # Which BuildKit
//
// [Specs] are the --builder flags: a builder for one platform, or for all that
// have none of their own. Without one for all, [Find] takes the first that
// serves: BUILDKIT_HOST, a buildkitd on its default socket, the program's own
// [Daemon] as a process, the BuildKit within the Docker Engine, the program's
// own in a container of the Engine.
//
// The program's own is the buildkitd of the release that it was written for. As
// a process it needs root and runc. Whoever may use Docker and is not root gets
// it in a container, whose image is made of this machine's files; nothing is
// pulled. Either way it stays when the program ends, so that the next build finds
// its cache and its warm process, and is found again by its socket.
//
// # Trust
//
// A builder runs what it is given as root and sees the registry's credentials.
// So a socket is taken only from a folder that nobody else can write to, the
// container's is open to those alone who may use the Engine, and a builder over
// TCP is asked for a certificate when --builder-tlsdir is given.
package endpoint
