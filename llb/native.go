package llb

import (
	_ "embed"
	"path"

	bk "github.com/moby/buildkit/client/llb"
)

// nativeScript stands in the place of interpreters.
//
//go:embed native.sh
var nativeScript string

// Where configure.sh finds the programs of another architecture, and the image
// as it is without what stands in the place of its interpreters.
const (
	nativeMount = "/run/native"
	imageMount  = "/run/image"
)

// quickCPU is the processor that QEMU emulates: it has all that Debian asks for
// and, unlike QEMU's own choice, no signed pointers, which cost it two thirds of
// its time. On a machine that emulates nothing the variable means nothing.
var quickCPU = map[string]string{"arm64": "cortex-a57"}

// natively has some scripts of maintainers run by native interpreters, where the
// machine that builds can run these. The mounts shadow the interpreters of the
// image without changing it. The graph is the same on all machines.
func (b *builder) natively(image bk.State, level string, interpreters []string) []bk.RunOption {
	if len(interpreters) == 0 {
		return nil
	}
	var files *bk.FileAction
	for _, name := range interpreters {
		text := "#!/bin/sh\ninterpreter=" + name + "\n" + nativeScript
		create := bk.WithCreatedTime(b.in.Epoch)
		if files == nil {
			files = bk.Mkfile(path.Base(name), 0o755, []byte(text), create)
		} else {
			files = files.Mkfile(path.Base(name), 0o755, []byte(text), create)
		}
	}
	standIns := bk.Scratch().File(files, b.name(level, "stand in for interpreters"))
	opts := []bk.RunOption{
		bk.AddMount(nativeMount, b.source(source{"native", b.in.Native}), bk.Readonly),
		bk.AddMount(imageMount, image, bk.Readonly),
	}
	for _, name := range interpreters {
		opts = append(opts, bk.AddMount(name, standIns, bk.SourcePath(path.Base(name)), bk.Readonly))
	}
	return opts
}
