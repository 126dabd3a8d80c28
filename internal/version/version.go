// Package version tells which program this is, from what the Go toolchain wrote
// into it. Nothing is set by the linker, so that every way to build the program
// gives the same answer.
package version

import "runtime/debug"

// String returns the module's version, with the revision when it was built from
// a clone without a tag; "unknown" when the toolchain wrote none.
func String() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return versionOf(info)
}

// Revision returns the revision of the sources that the program was built from,
// "" when they had changes beyond it or the toolchain wrote none.
func Revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return revisionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	version := info.Main.Version
	if revision := setting(info, "vcs.revision"); revision != "" && version == "(devel)" {
		version += " " + revision
	}
	return version
}

func revisionOf(info *debug.BuildInfo) string {
	if setting(info, "vcs.modified") == "true" {
		return ""
	}
	return setting(info, "vcs.revision")
}

// setting returns a setting of the build, "" when there is none.
func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
