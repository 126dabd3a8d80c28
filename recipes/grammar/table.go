package grammar

// fromSay tells what from may be.
const fromSay = `name a recipe, or write {debian: "${suite}"} or {image: NAME@sha256:…}`

// How keys merge.
const (
	replaces = "replaces the parent's"
	adds     = "comes after the parent's"
	merges   = "merged over the parent's"
)

func list(t *Text) Value      { return Value{List: &Value{Text: t}} }
func oneOrMore(t *Text) Value { return Value{Text: t, List: &Value{Text: t}} }

// Recipe is the table of a recipe.
func Recipe() *Object {
	recipe := &Object{Name: "recipe", Title: "A recipe", Whole: true, Help: "A recipe is one YAML document, a mapping with these keys."}
	from := &Object{
		Name: "from", One: []string{"debian", "image", "recipe"}, Say: fromSay,
		Help: "What is below the recipe, when it is not another recipe by its name.",
		Keys: []Key{
			{Name: "debian", Value: Value{Text: free("suite")}, Help: "A release of Debian: the bare base made from its archive. Nearly always `\"${suite}\"`."},
			{Name: "image", Value: Value{Text: pinned}, Help: "An image of a registry, with its digest: `debian@sha256:…`."},
			{Name: "recipe", Value: Value{Object: recipe}, Help: "A recipe written out in this place, as `oarbuild --print` does."},
		},
	}
	recipe.Keys = append([]Key{
		{Name: "name", Required: true, Value: Value{Text: Name}, Help: "The image's name, `REPOSITORY/NAME`."},
		{Name: "from", Required: true, Value: Value{Text: Name.called("from").fixed(), Object: from},
			Help: "What the image is made on: another recipe by its name (`base` is `base.yaml` beside this one, else the one that comes with the program), or a mapping."},
	}, Fragment().Keys...)
	return recipe
}

// Fragment is the table of a file that recipes include.
func Fragment() *Object {
	return &Object{
		Name: "fragment", Title: "A file to include", Whole: true, Included: true,
		Help: "A file that recipes include has the keys of a recipe but `name` and `from`.",
		Keys: []Key{
			{Name: "$schema", Value: Value{Text: free("$schema")}, Help: "Where an editor finds the schema. It says nothing to oarbuild."},
			{Name: "include", Value: list(fragment.fixed()), Help: "Files whose parts come before this one's own, in this order. Each is named by its path from this file, and comes once."},
			{Name: "vars", Merge: "see [Variables](#variables)", Value: Value{Map: &Map{Variable, Value{Text: free("value"), Object: variable()}}},
				Help: "Variables, `NAME: VALUE` or `NAME: {type: …}`."},
			{Name: "tags", Merge: replaces, Value: list(tag), Help: "The image's tags; `latest` when nothing says otherwise."},
			{Name: "platforms", Merge: replaces, Value: list(platform), Help: "The platforms that the image can be built for; `linux/amd64` and `linux/arm64` when nothing says otherwise."},
			{Name: "sources", Merge: "takes the place of the parent's of that name, else comes after", Value: Value{List: &Value{Object: source()}}, Help: "Further apt archives."},
			{Name: "packages", Merge: adds, Value: Value{List: &Value{Text: debPkg, Object: request()}}, Help: "Debian packages. What they depend on comes with them, what they recommend does not."},
			{Name: "files", Merge: adds, Value: Value{List: &Value{Object: files()}}, Help: "Files and folders that are laid over the packages."},
			{Name: "run", Merge: adds, Value: Value{List: &Value{Object: step()}}, Help: "Scripts that run in the image, one after the other; see [When steps run](#when-steps-run)."},
			{Name: "image", Value: Value{Object: image()}, Help: "What the image's configuration says, in the terms of the OCI image specification."},
		},
	}
}

func variable() *Object {
	return &Object{
		Name: "variable", Title: "A variable with a type", Help: "A variable that says what it may be.",
		Keys: []Key{
			{Name: "default", Value: Value{Text: free("default")}, Help: "Its value when nothing else gives one. Without it, `--set` or a recipe made on this one must."},
			{Name: "type", Value: Value{Text: varType}, Help: "`string` (when nothing is said), `int`, `bool` (true or false), or `enum`."},
			{Name: "values", Value: list(free("value").fixed()), Help: "The values that an `enum` may have."},
			{Name: "pattern", Value: Value{Text: free("pattern").fixed()}, Help: "A regular expression (RE2) that the whole of a `string` matches."},
			{Name: "help", Value: Value{Text: line.called("help").fixed()}, Help: "What it is for, in one line, as `oarbuild vars` shows it."},
		},
	}
}

func when() Key {
	return Key{Name: "when", Help: "Where it holds; everywhere, when not given.", Value: Value{Object: &Object{
		Name: "when", Help: "A condition. With both keys, both must hold.",
		Keys: []Key{
			{Name: "suite", Value: oneOrMore(free("suite")), Help: "One release of Debian or several, such as `bookworm`."},
			{Name: "platform", Value: oneOrMore(platform), Help: "One platform or several, such as `linux/arm64`."},
		},
	}}}
}

func source() *Object {
	return &Object{
		Name: "sources", Help: "An apt archive. Its Release file is verified like Debian's own, with the key given and no other.",
		One: []string{"keyring", "key"}, Say: "write keyring: FILE, the archive's public key",
		Keys: []Key{
			{Name: "name", Required: true, Value: Value{Text: Name}, Help: "A name for it in messages."},
			{Name: "url", Required: true, Value: Value{Text: url}, Help: "Where the archive is: the folder that has `dists/`."},
			{Name: "suite", Required: true, Value: Value{Text: dist}, Help: "The folder below `dists/`."},
			{Name: "components", Required: true, Value: list(component), Help: "Such as `main`."},
			{Name: "keyring", Value: Value{Text: fromPath.called("keyring")}, Help: "The file with the archive's armoured public key, by its path from the recipe."},
			{Name: "key", Value: Value{Text: free("key")}, Help: "The armoured public key itself."},
			when(),
		},
	}
}

func request() *Object {
	return &Object{
		Name: "packages", Help: "A package is its name, or a mapping when it has a condition.",
		Keys: []Key{{Name: "name", Required: true, Value: Value{Text: debPkg}, Help: "The package's name."}, when()},
	}
}

func files() *Object {
	return &Object{
		Name: "files", Help: "A folder whose files are copied, or a single file. Owner, mode and time come from the recipe alone, never from the disk.",
		Keys: []Key{
			{Name: "from", Required: true, Value: Value{Text: fromPath},
				Help: "A folder or a file: looked for beside the recipe, then in `../configs`, then among the program's own. A path that begins with `../` or `/` is taken as it is, one that begins with `shipped:` is the program's own."},
			{Name: "to", Required: true, Value: Value{Text: absolute}, Help: "Where in the image the folder's files go, or the path of the single file."},
			{Name: "mode", Value: Value{Text: mode, Map: &Map{treePath, Value{Text: mode}}},
				Help: "The mode of the single file; or modes by path in the folder, where `.` is the folder itself. Otherwise folders have 0755, files that begin with `#!` 0755, other files 0644."},
			{Name: "owner", Value: Value{Text: owner},
				Help: "Whose the files are, `USER:GROUP`, in numbers or by the names that every Debian system has (package base-passwd); root's, when not given. A user alone brings its group. Folders of the system, such as `/etc` or `/var/lib`, stay root's."},
			{Name: "template", Value: oneOrMore(treePath.called("template")),
				Help: "Text files, by path in the folder, in which `${name}` is replaced as in scripts; `.` is the single file."},
			when(),
		},
	}
}

func step() *Object {
	return &Object{
		Name: "run", Help: "A script. It runs as root by `/bin/sh -e`, without standard input, and with the environment of `image`.",
		Keys: []Key{
			{Name: "name", Required: true, Value: Value{Text: line}, Help: "What the step does, as it is shown."},
			{Name: "sh", Required: true, Value: Value{Text: script}, Help: "The script."},
			{Name: "needs", Value: list(absolute.called("needs")),
				Help: "The files of recipes that the step needs, by their paths in the image; a folder stands for all below it, `[]` for none. See [When steps run](#when-steps-run)."},
			{Name: "args", Value: list(free("argument")), Help: "`\"$1\"` and so on of the script: texts that need no quoting."},
			{Name: "network", Value: Value{Text: network}, Help: "`none`, when not given, or `host`."},
			{Name: "secrets", Value: list(secret), Help: "Ids of secrets, which the script finds in `/run/secrets/ID` and the image never holds. Needs `network: host`."},
			{Name: "ssh", Value: Value{Text: yesNo}, Help: "Forwards the ssh agent of who builds. Needs `network: host`."},
			{Name: "timeout", Value: Value{Text: timeout}, Help: "Ends the step, and the build, when it takes longer: `90s`, `10m`, `1h30m`."},
			when(),
		},
	}
}

func image() *Object {
	pairs := func(key *Text, what string) Value { return Value{Map: &Map{key, Value{Text: free(what)}}} }
	return &Object{
		Name: "image", Help: "How containers of the image start.",
		Keys: []Key{
			{Name: "entrypoint", Merge: replaces, Value: list(free("entrypoint")), Help: "The program and its first arguments."},
			{Name: "cmd", Merge: replaces, Value: list(free("cmd")), Help: "Further arguments, which a user may give otherwise."},
			{Name: "env", Merge: merges, Value: pairs(envName, "env"), Help: "Environment variables, also of the steps."},
			{Name: "labels", Merge: merges, Value: pairs(line.called("label"), "label"), Help: "Labels."},
			{Name: "expose", Merge: merges, Value: list(port), Help: "Ports, such as `80` or `53/udp`."},
			{Name: "volumes", Merge: merges, Value: list(absolute.called("volume")), Help: "Folders that get a volume."},
			{Name: "user", Merge: replaces, Value: Value{Text: user}, Help: "Who runs the program."},
			{Name: "workdir", Merge: replaces, Value: Value{Text: absolute.called("workdir")}, Help: "The folder in which it runs."},
			{Name: "stop_signal", Merge: replaces, Value: Value{Text: signal}, Help: "How it is asked to end, such as `SIGTERM`."},
		},
	}
}
