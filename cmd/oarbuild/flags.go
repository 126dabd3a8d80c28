package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oarcluster/oarcluster/internal/build"
	"github.com/oarcluster/oarcluster/internal/buildkit"
	"github.com/oarcluster/oarcluster/internal/buildkit/grant"
	"github.com/oarcluster/oarcluster/internal/buildkit/rescue"
	"github.com/oarcluster/oarcluster/internal/ui"
	"github.com/oarcluster/oarcluster/internal/version"
)

// everyStep is what --no-cache without a value stands for.
const everyStep = "all"

// flags are the flags of the root command as they were given.
type flags struct {
	build.Options
	set                 []string
	noCache             []string
	push, load, print   bool
	sbom, provenance    bool
	metadata, platforms string
	onError             string
	secrets, ssh        []string
}

// declare declares the flags of the root command.
func (f *flags) declare(root *cobra.Command) {
	f.declareInput(root)
	f.declareBuild(root.Flags())
	f.declareOutput(root.Flags())
	f.complete(root)
}

// reads declares the flags that say what is built on a command that reads them
// all, and returns it.
func (f *flags) reads(c *cobra.Command) *cobra.Command {
	f.declareInput(c)
	f.complete(c)
	return c
}

// readsVariables declares --set alone on a command, and returns it.
func (f *flags) readsVariables(c *cobra.Command) *cobra.Command {
	f.declareSet(c.Flags())
	f.complete(c)
	return c
}

func (f *flags) declareSet(every *pflag.FlagSet) {
	every.StringArrayVar(&f.set, "set", nil, "set a variable of the recipes, `NAME=VALUE`; may be given again")
}

// declareInput declares what is built.
func (f *flags) declareInput(c *cobra.Command) {
	every := c.Flags()
	every.StringArrayVar(&f.Recipes, "recipe", nil, "recipe `FILE`, or the name of a shipped one; may be given again (default all shipped ones)")
	f.declareSet(every)
	every.StringVar(&f.platforms, "platform", "", "comma-separated `PLATFORMS` to build for (default this machine's)")
	every.StringVar(&f.Mirror, "mirror", os.Getenv("OARBUILD_MIRROR"), "`URL` of a Debian mirror, with or without /debian at its end, as OARBUILD_MIRROR (default that of this machine's apt)")
	every.Lookup("mirror").DefValue = "" // the variable may hold a password, and help prints defaults
	every.BoolVar(&f.AllowStale, "allow-stale", false, "take an archive whose Release files are out of date")
	every.BoolVar(&f.Locked, "locked", false, "take the packages that the lock beside each recipe names (oarbuild lock)")
	every.BoolVar(&f.Offline, "offline", false, "use no network: packages and indexes come from the cache alone")
}

// declareBuild declares how it is built.
func (f *flags) declareBuild(own *pflag.FlagSet) {
	own.StringArrayVar(&f.noCache, "no-cache", nil, "run every step again, or comma-separated `STEPS` and all that come after them; may be given again")
	own.Lookup("no-cache").NoOptDefVal = everyStep
	own.StringArrayVar(&f.Builders, "builder", nil, "`[PLATFORM=]ADDRESS` of a BuildKit, for one platform or for all; may be given again (default BUILDKIT_HOST, or one found or started here)")
	own.StringArrayVar(&f.CacheTo, "cache-to", nil, "write BuildKit's cache to `SPEC` as well: type=registry,ref=REF, type=local,dest=DIR, type=inline or type=gha; may be given again")
	own.StringArrayVar(&f.CacheFrom, "cache-from", nil, "take BuildKit's cache from `SPEC`: type=registry,ref=REF, type=local,src=DIR or type=gha; may be given again")
	own.StringVar(&f.TLSDir, "builder-tlsdir", "", "`DIR` with ca.pem, cert.pem and key.pem for builders at tcp:// addresses")
	own.StringArrayVar(&f.secrets, "secret", nil, "`SECRET` for steps that ask for it: id=ID,src=FILE or id=ID,env=NAME; may be given again")
	own.StringArrayVar(&f.ssh, "ssh", nil, "ssh `AGENT` for steps that ask for one: default, or default=SOCKET")
	own.StringVar(&f.onError, "on-error", "stop", "`ANSWER` to a step that fails: stop, or shell, which asks and opens one where it failed")
	own.StringVar(&f.Progress, "progress", "auto", "`DISPLAY` of the steps: auto, plain, tty, quiet or rawjson")
}

// declareOutput declares what becomes of the images.
func (f *flags) declareOutput(own *pflag.FlagSet) {
	own.StringVar(&f.Registry, "registry", build.DefaultRegistry, "`REPOSITORY` above the images' names")
	own.StringArrayVar(&f.Tags, "tag", nil, "tag the images `TAG` instead of as the recipes say; may be given again")
	own.BoolVar(&f.push, "push", false, "push the images to the registry")
	own.BoolVar(&f.load, "load", false, "load the images into the Docker Engine")
	own.BoolVar(&f.IfChanged, "if-changed", false, "build, and with --push push, only images whose inputs are not those of the published ones; exit code 3 when there is none")
	own.BoolVar(&f.sbom, "sbom", true, "attach to what is pushed a list of its packages (SPDX)")
	own.BoolVar(&f.provenance, "provenance", true, "attach to what is pushed how it was built (SLSA)")
	own.StringVar(&f.Revision, "revision", cmp.Or(os.Getenv("GITHUB_SHA"), os.Getenv("CI_COMMIT_SHA"), version.Revision()), "`REVISION` of the recipes, for the images' labels (default $GITHUB_SHA, $CI_COMMIT_SHA, or that of this program)")
	own.Lookup("revision").DefValue = "" // help is the same everywhere
	own.StringVar(&f.Output, "output", "", "write the images to files: `SPEC` is type=oci|docker|tar|local,dest=FILE, with {name} and {arch} in FILE, or a folder")
	own.StringVar(&f.Compression, "compression", "", "`TYPE[:LEVEL]` of the layers: uncompressed, gzip, zstd or estargz (default uncompressed for a registry on the loopback, else gzip)")
	own.BoolVar(&f.print, "print", false, "print the resolved recipes and build nothing")
	own.StringVar(&f.metadata, "metadata-file", "", "write what was built to `FILE`, as JSON")
}

// options turns the flags into options, or says what is wrong with them.
func (f *flags) options(s ui.Streams) (build.Options, error) {
	o := f.Options
	o.Err, o.Set = s.Err, map[string]string{}
	o.NoSBOM, o.NoProvenance = !f.sbom, !f.provenance
	for _, pair := range f.set {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return o, ui.Usage(fmt.Errorf("reading --set %q: no \"=\" in it", pair), "write --set NAME=VALUE")
		}
		o.Set[name] = value
	}
	for _, step := range f.noCache {
		if step == everyStep {
			o.NoCache = true
		} else {
			o.Again = append(o.Again, step)
		}
	}
	if f.platforms != "" {
		o.Platforms = strings.Split(f.platforms, ",")
	}
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return o, ui.WithCode(fmt.Errorf("reading SOURCE_DATE_EPOCH: %w", err), ui.CodeUsage)
		}
		o.Epoch = time.Unix(seconds, 0)
	}
	var err error
	if o.Grants, err = grant.Parse(f.secrets, f.ssh); err != nil {
		return o, err
	}
	if err := f.console(&o, s); err != nil {
		return o, err
	}
	return o, f.destination(&o, s)
}

// destination says where the images go, which is one place.
func (f *flags) destination(o *build.Options, s ui.Streams) error {
	var given []string
	for _, d := range []struct {
		flag string
		set  bool
		to   buildkit.Destination
	}{{"--push", f.push, buildkit.Registry}, {"--load", f.load, buildkit.Engine}, {"--output", f.Output != "", buildkit.Files}} {
		if d.set {
			given, o.To = append(given, d.flag), d.to
		}
	}
	if len(given) > 1 {
		return ui.Usage(errors.New(strings.Join(given, " and ")+" exclude each other"), "run oarbuild twice: the second time costs next to nothing")
	}
	if f.Output != "" {
		o.Stdout = s.Out
	}
	return nil
}

// console opens the console that --on-error shell asks for.
func (f *flags) console(o *build.Options, s ui.Streams) (err error) {
	switch {
	case f.onError == "shell" && f.Progress == "rawjson":
		return ui.Usage(errors.New("--on-error shell and --progress rawjson exclude each other"), "a menu is no JSON: leave one of them out")
	case f.onError == "shell":
		o.Console, err = rescue.New(s.In, s.Err)
		return err
	case f.onError != "stop" && f.onError != "":
		return ui.Usage(fmt.Errorf("reading --on-error %q: no such answer to errors", f.onError), "write stop or shell")
	}
	return nil
}
