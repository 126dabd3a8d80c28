// Package output writes images to files and folders: --output.
//
// # What
//
// An OCI image layout (type=oci) holds all images and platforms that go to the
// same place, each image as an index; as one tar archive, or with tar=false as a
// folder. An archive for docker load (type=docker) holds one image for one
// platform, and a root file system, as an archive (type=tar) or a folder
// (type=local), is that of one image for one platform.
//
// # Where
//
// In dest, {name} is the image's name and {arch} its architecture. A dest that
// ends with a slash, or is a folder, is where the files go; they are called
// NAME-ARCH.tar then, and images.tar for a layout. Two results in one place are
// refused before anything is built. A dest of "-", or none, is the standard
// output.
//
// # When
//
// What is written is written beside its place and takes it when all is there:
// a build that fails leaves no half of anything, and what was there before stays
// until then. A folder is replaced only when it is empty, or an image layout.
package output
