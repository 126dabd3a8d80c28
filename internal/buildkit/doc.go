// Package buildkit has one or more BuildKits build images. Which ones these are
// is the business of package endpoint.
//
// # Building
//
// [Builder.Solve] solves all images and platforms at once, so that what they
// share is built once, and their progress is one display. The layers that this
// program makes reach the builder over the session, from an OCI layout store.
// Results go to a registry by digest, to a Docker Engine, or nowhere.
//
// Layers are exported as they are. BuildKit could rewrite their timestamps, but
// does so again at each export, for each layer; the steps of the graph clamp
// the times of what they touch instead, once.
//
// A failure names the recipe's line, the step, its exit status and its last
// lines of output.
package buildkit
