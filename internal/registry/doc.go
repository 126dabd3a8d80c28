// Package registry serves an image registry to this machine and writes image
// indexes into any registry.
//
// # One set of names
//
// A repository such as localhost:5000/oarcluster names the same images whether
// a registry was installed there or not: when it names this machine's loopback
// and nothing listens, [EnsureLoopback] serves one for as long as the caller
// wants it, from a folder of the user ([Root]). oarbuild pushes through it,
// oardeploy lets the Docker Engine pull through it, and both read and write the
// same folder, one after the other or at the same time: of several processes
// the first serves, and when it ends another one takes its place.
//
// The registry is the CNCF distribution with its filesystem driver. It listens
// on the loopback alone, for it asks nobody for a password: the kernel tells whose
// the other end of a connection is, every user of this machine may read, and who
// serves, and root, may write. It answers no web page: neither one of another site,
// nor one that had its own name lead here.
//
// # Publishing
//
// BuildKit pushes each platform by digest; [Publish] composes the index and
// writes it, and then its tags, so that a reader never meets half an image.
// The credentials are those of Docker's own configuration and helpers.
//
// The package knows neither BuildKit nor the Docker Engine.
package registry
