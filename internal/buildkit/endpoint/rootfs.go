package endpoint

import (
	"archive/tar"
	"crypto/sha256"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// authorities is where most distributions keep the certificates that a push
// over TLS is checked with.
const authorities = "/etc/ssl/certs/ca-certificates.crt"

// rootfs is what a container needs to run the pinned buildkitd: itself, which
// is static, and this machine's runc with the libraries that it loads.
type rootfs struct {
	buildkitd, runc string
	libraries       []string // by the paths at which the loader finds them
}

// findRootfs looks for the parts on this machine.
func findRootfs(d *Daemon) (rootfs, error) {
	lacks := func(what, hint string) (rootfs, error) {
		return rootfs{}, ui.WithHint(errors.New(what), "%s", hint)
	}
	r := rootfs{buildkitd: d.find()}
	if r.buildkitd == "" {
		return lacks("there is no buildkitd beside the program, in ../bin, or on PATH", "run make build, which compiles the pinned one")
	}
	// Whoever is not root often has no sbin on the PATH.
	for _, candidate := range []string{"runc", "/usr/sbin/runc", "/usr/local/sbin/runc", "/usr/bin/runc"} {
		if path, err := exec.LookPath(candidate); err == nil {
			r.runc = path
			break
		}
	}
	if r.runc == "" {
		return lacks("there is no runc on this machine", "install it (apt-get install runc)")
	}
	for _, program := range []string{r.buildkitd, r.runc} {
		if err := r.load(program); err != nil {
			return r, fmt.Errorf("looking for the libraries of %s: %w", program, err)
		}
	}
	return r, nil
}

// load adds the libraries that a program or library asks for, and its loader.
func (r *rootfs) load(file string) error {
	program, err := elf.Open(file)
	if err != nil {
		return err
	}
	defer program.Close()
	if section := program.Section(".interp"); section != nil {
		loader, err := section.Data()
		if err != nil {
			return err
		}
		if err := r.add(strings.TrimRight(string(loader), "\x00")); err != nil {
			return err
		}
	}
	names, err := program.ImportedLibraries()
	if err != nil {
		return err
	}
	for _, name := range names {
		found, err := library(name)
		if err != nil {
			return err
		}
		if err := r.add(found); err != nil {
			return err
		}
	}
	return nil
}

// add adds a library, and those that it asks for itself.
func (r *rootfs) add(file string) error {
	if slices.Contains(r.libraries, file) {
		return nil
	}
	r.libraries = append(r.libraries, file)
	return r.load(file)
}

// library finds a library where loaders look by themselves: ld.so(8), and
// Debian's folders of each architecture.
func library(name string) (string, error) {
	for _, pattern := range []string{"/lib/*-linux-gnu*", "/usr/lib/*-linux-gnu*", "/lib64", "/usr/lib64", "/lib", "/usr/lib"} {
		dirs, _ := filepath.Glob(pattern) // the patterns are sound
		for _, dir := range dirs {
			file := filepath.Join(dir, name)
			if program, err := elf.Open(file); err == nil {
				native := program.Machine == machine()
				program.Close()
				if native {
					return file, nil
				}
			}
		}
	}
	return "", fmt.Errorf("there is no %s", name)
}

// machine is what programs of this machine are for.
func machine() elf.Machine {
	program, err := elf.Open("/proc/self/exe")
	if err != nil {
		return elf.EM_NONE
	}
	defer program.Close()
	return program.Machine
}

// write writes the root file system as a tar archive.
func (r rootfs) write(w io.Writer) error {
	archive := tar.NewWriter(w)
	for _, dir := range []string{"tmp/", "run/", "var/lib/buildkit/", "proc/", "sys/", "dev/", "root/"} {
		mode := int64(0o755)
		if dir == "tmp/" {
			mode = 0o1777
		}
		if err := archive.WriteHeader(&tar.Header{Name: dir, Mode: mode, Typeflag: tar.TypeDir}); err != nil {
			return err
		}
	}
	for name, file := range r.files() {
		if err := copyFile(archive, name, file); err != nil {
			return err
		}
	}
	return archive.Close()
}

// files are the paths in the root file system, and where this machine has them.
func (r rootfs) files() map[string]string {
	files := map[string]string{"usr/bin/buildkitd": r.buildkitd, "usr/bin/runc": r.runc}
	for _, file := range r.libraries {
		files[strings.TrimPrefix(file, "/")] = file
	}
	if _, err := os.Stat(authorities); err == nil {
		files[strings.TrimPrefix(authorities, "/")] = authorities
	}
	return files
}

// tag names the root file system for an image: by BuildKit's version, for people,
// and by the bytes of all files, for an update of runc, a library or the
// authorities makes another one.
func (r rootfs) tag() (string, error) {
	sum := sha256.New()
	files := r.files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		in, err := os.Open(files[name])
		if err != nil {
			return "", err
		}
		own := sha256.New()
		_, err = io.Copy(own, in)
		in.Close()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %x\n", name, own.Sum(nil))
	}
	return fmt.Sprintf("%s-%x", versionOf(r.buildkitd), sum.Sum(nil)[:6]), nil
}

func copyFile(archive *tar.Writer, name, file string) error {
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: info.Size(), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	_, err = io.Copy(archive, from)
	return err
}
