package grammar

import "regexp"

// segments is a path without . and .., relative to something.
const segments = `([^./][^/]*|\.[^./][^/]*|\.\.[^/]+)(/([^./][^/]*|\.[^./][^/]*|\.\.[^/]+))*`

func text(what, rule, say string) *Text {
	return &Text{What: what, Rule: regexp.MustCompile(rule), Say: say}
}

// called is the same rule by another name.
func (t Text) called(what string) *Text {
	t.What = what
	return &t
}

// fixed is the same rule without variables.
func (t Text) fixed() *Text {
	t.Fixed = true
	return &t
}

// free is a text that may be anything.
func free(what string) *Text { return &Text{What: what} }

func one(what, say string, values ...string) *Text {
	return &Text{What: what, Say: say, Values: values}
}

// The rules of values. Names and tags are as in the OCI distribution
// specification, packages as in Debian policy 5.6.7.
var (
	// Variable is the name of a variable.
	Variable = text("variable", `^[a-z][a-z0-9_]*$`, "a variable's name has lower-case letters, digits and _, and begins with a letter")
	// Name is the name of an image, and so of a recipe.
	Name = text("name", `^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$`, "a name has lower-case letters and digits, with ., _ or - between them")

	tag       = text("tag", `^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`, "a tag has at most 128 letters, digits, _, . and -, and does not begin with . or -")
	platform  = text("platform", `^linux/(amd64|arm64(/v8)?|arm/v[57]|386|ppc64le|riscv64|s390x)$`, "a platform is linux/ and amd64, arm64, arm/v7, arm/v5, 386, ppc64le, riscv64 or s390x")
	debPkg    = text("package", `^[a-z0-9][a-z0-9+.-]+$`, "a package's name has at least two lower-case letters, digits, +, - and ., and begins with a letter or digit")
	treePath  = text("path", `^(\.|`+segments+`)$`, "it must be a path below a folder, such as etc/motd, without . and ..; a single file is .")
	fromPath  = text("from", `^((\.\./)+|/|shipped:)?`+segments+`$`, "it must be a path such as files/motd, ../files or /srv/files, without . and with .. at its beginning only")
	fragment  = text("include", `^((\.\./)+|/)?`+segments+`\.yaml$`, "it must be the path of a .yaml file from the recipe, such as common/ssh.yaml")
	absolute  = text("to", `^(/|(/([^./][^/]*|\.[^./][^/]*|\.\.[^/]+))+)$`, "it must be an absolute path without . and .., and without a / at its end")
	mode      = text("mode", `^0?[0-7]{3,4}$`, "a mode has three or four octal digits, such as 0640")
	owner     = text("owner", `^[a-z0-9_][a-z0-9_-]*(:[a-z0-9_][a-z0-9_-]*)?$`, "an owner is user:group in numbers or in the names that every Debian system has, such as 1000:1000 or www-data")
	line      = text("name", `^[^\n]+$`, "it must be one line, and not empty")
	script    = &Text{What: "sh", Rule: regexp.MustCompile(`[^\s]`), Say: "a script is not empty", Script: true}
	network   = one("network", "a step's network is none or host", "none", "host")
	secret    = text("secret", `^[A-Za-z0-9_][A-Za-z0-9_.-]*$`, "a secret's id has letters, digits, _, . and -, for it is a file's name in /run/secrets")
	yesNo     = one("ssh", "it is true or false", "true", "false")
	timeout   = text("timeout", `^[1-9][0-9]{0,4}(s|m([1-9][0-9]{0,4}s)?|h([1-9][0-9]{0,4}m)?([1-9][0-9]{0,4}s)?)$`, "a timeout is written 90s, 10m or 1h30m")
	url       = text("url", `^https?://[^/@\s]+(/[^\s]*)?$`, "it must begin with http:// or https:// and name no user and no password, for it is published with the image: let a mirror or proxy of your own know the password")
	dist      = text("suite", `^[A-Za-z0-9][A-Za-z0-9+._/-]*$`, "it is the folder below dists/ of the archive, such as stable")
	component = text("component", `^[A-Za-z0-9][A-Za-z0-9+._/-]*$`, "it is one word, such as main")
	pinned    = text("image", `^[^\s@]+@sha256:[0-9a-f]{64}$`, "an image is named with its digest, NAME@sha256:…, so that it stays the same; docker buildx imagetools inspect NAME:TAG tells the digest")
	envName   = text("env", `^[A-Za-z_][A-Za-z0-9_]*$`, "the name of an environment variable has letters, digits and _")
	port      = text("port", `^[1-9][0-9]{0,4}(/(tcp|udp|sctp))?$`, "a port is a number up to 65535, with /tcp, /udp or /sctp after it if you like")
	user      = text("user", `^[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?$`, "a user is a name or a number, with :group after it if you like")
	signal    = text("stop_signal", `^(SIG[A-Z0-9+-]+|[1-9][0-9]?)$`, "a signal is written SIGTERM, or as its number")
	varType   = one("type", "a type is string, int, bool or enum", "string", "int", "bool", "enum").fixed()
)
