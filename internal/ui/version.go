package ui

import "runtime/debug"

// Version returns the module's version, as the Go toolchain wrote it into the
// program, with the revision when it was built from a clone without a tag;
// "unknown" when the toolchain wrote none.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && version == "(devel)" {
			version += " " + s.Value
		}
	}
	return version
}
