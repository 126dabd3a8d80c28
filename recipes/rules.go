package recipes

import "regexp"

// rule is what a value must match.
type rule = *regexp.Regexp

// The rules of values, each with the words that tell it. Names and tags are as
// in the OCI distribution specification, packages as in Debian policy 5.6.7.
var (
	anyRule = regexp.MustCompile(`(?s)^.*$`)

	variableRule = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	nameRule     = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$`)
	tagRule      = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	platformRule = regexp.MustCompile(`^linux/(amd64|arm64(/v8)?|arm/v[57]|386|ppc64le|riscv64|s390x)$`)
	packageRule  = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+$`)
	treeRule     = regexp.MustCompile(`^([^./][^/]*|\.[^./][^/]*|\.\.[^/]+)(/([^./][^/]*|\.[^./][^/]*|\.\.[^/]+))*$`)
	fromRule     = regexp.MustCompile(`^((\.\./)+|/)?([^./][^/]*|\.[^./][^/]*|\.\.[^/]+)(/([^./][^/]*|\.[^./][^/]*|\.\.[^/]+))*$`)
	modePathRule = regexp.MustCompile(`^\.$|` + treeRule.String())
	absoluteRule = regexp.MustCompile(`^/$|^(/([^./][^/]*|\.[^./][^/]*|\.\.[^/]+))+$`)
	modeRule     = regexp.MustCompile(`^0?[0-7]{3,4}$`)
	lineRule     = regexp.MustCompile(`^[^\n]+$`)
	networkRule  = regexp.MustCompile(`^(none|host)$`)
	secretRule   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	boolRule     = regexp.MustCompile(`^(true|false)$`)
	timeoutRule  = regexp.MustCompile(`^[1-9][0-9]{0,4}(s|m([1-9][0-9]{0,4}s)?|h([1-9][0-9]{0,4}m)?([1-9][0-9]{0,4}s)?)$`)
	urlRule      = regexp.MustCompile(`^https?://[^/\s]+(/[^\s]*)?$`)
	suiteRule    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9+._/-]*$`)
	wordRule     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9+._-]*$`)
	pinnedRule   = regexp.MustCompile(`^[^\s@]+@sha256:[0-9a-f]{64}$`)
	envRule      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	portRule     = regexp.MustCompile(`^[1-9][0-9]{0,4}(/(tcp|udp|sctp))?$`)
	userRule     = regexp.MustCompile(`^[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?$`)
	signalRule   = regexp.MustCompile(`^(SIG[A-Z0-9+-]+|[1-9][0-9]?)$`)
)

const (
	variableText = "a variable's name has lower-case letters, digits and _, and begins with a letter"
	nameText     = "a name has lower-case letters and digits, with ., _ or - between them"
	tagText      = "a tag has at most 128 letters, digits, _, . and -, and does not begin with . or -"
	platformText = "a platform is linux/ and amd64, arm64, arm/v7, arm/v5, 386, ppc64le, riscv64 or s390x"
	packageText  = "a package's name has at least two lower-case letters, digits, +, - and ., and begins with a letter or digit"
	treeText     = "it must be a path below a folder, such as etc/motd, without . and .."
	fromRuleText = "it must be a path such as files/motd, ../files or /srv/files, without . and with .. at its beginning only"
	absoluteText = "it must be an absolute path without . and .., and without a / at its end"
	modeText     = "a mode has three or four octal digits, such as 0640"
	lineText     = "it must be one line, and not empty"
	networkText  = "a step's network is none or host"
	secretText   = "a secret's id has letters, digits, _, . and -, for it is a file's name in /run/secrets"
	boolText     = "it is true or false"
	timeoutText  = "a timeout is written 90s, 10m or 1h30m"
	urlText      = "it must begin with http:// or https://"
	suiteText    = "it is the folder below dists/ of the archive, such as stable"
	wordText     = "it is one word, such as main"
	pinnedText   = "an image is named with its digest, NAME@sha256:…, so that it stays the same"
	ownerText    = "an owner is user:group in numbers or in the names that every Debian system has, such as 1000:1000 or www-data"
	envText      = "the name of an environment variable has letters, digits and _"
	portText     = "a port is a number up to 65535, with /tcp, /udp or /sctp after it if you like"
	userText     = "a user is a name or a number, with :group after it if you like"
	signalText   = "a signal is written SIGTERM, or as its number"
)
