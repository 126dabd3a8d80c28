package file_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/cluster"
	"github.com/oarcluster/oarcluster/internal/cluster/file"
	"github.com/oarcluster/oarcluster/internal/cluster/oar"
)

var update = flag.Bool("update", false, "write the reference in docs/cluster-file.md anew")

const (
	manual  = "../../../docs/cluster-file.md"
	example = "../../../docs/cluster.yaml"
)

func read(t *testing.T, text string) file.Cluster {
	t.Helper()
	c, err := file.Read("c.yaml", []byte(text), "/dir")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const full = `name: lab
registry: example.org:5000/oar
tag: 2.6.1
bind: 0.0.0.0
http_port: 8080
timeout: 1m30s
volumes: [src:/src, "/a:/b:ro"]
nodes:
  node: {count: 2}
  fat: {count: 0, cores: 4, memory: 512m, image: "r/x:1", env: {B: "2", A: "x=y"}, volumes: ["/s:/s"], properties: {rack: 1, disk: a b}}
properties: {rack: int, disk: string}
queues: {night: {priority: -3, policy: p}, day: {priority: 4}}
users: {bob: {uid: 2002}, ann: {uid: 2001, keys: [ssh-ed25519 AAAA ann@home]}}
oar_conf: {LOG_LEVEL: 3, X: "a: b"}
`

func TestRead(t *testing.T) {
	t.Parallel()
	c := read(t, full)
	text, err := json.Marshal(c)
	want := `{"Spec":{"Name":"lab","Groups":[{"Name":"node","Nodes":2,"Cores":1},` +
		`{"Name":"fat","Nodes":0,"Cores":4,"Memory":536870912,"Image":"r/x:1","Env":["A=x=y","B=2"],` +
		`"Volumes":[{"Host":"/s","Container":"/s","ReadOnly":false}],"Properties":{"disk":"a b","rack":"1"}}],` +
		`"Registry":"example.org:5000/oar","Tag":"2.6.1","Bind":"0.0.0.0","HTTPPort":8080,` +
		`"Volumes":[{"Host":"/dir/src","Container":"/src","ReadOnly":false},{"Host":"/a","Container":"/b","ReadOnly":true}],` +
		`"Default":{"Host":"","Container":"","ReadOnly":false},` +
		`"OAR":{"Properties":[{"Name":"disk","Type":"string"},{"Name":"rack","Type":"int"}],` +
		`"Queues":[{"Name":"day","Priority":4,"Policy":"oar_sched_gantt_with_timesharing_and_fairsharing_and_quotas"},{"Name":"night","Priority":-3,"Policy":"p"}],` +
		`"Users":[{"Name":"ann","UID":2001,"Keys":["ssh-ed25519 AAAA ann@home"]},{"Name":"bob","UID":2002}],` +
		`"Conf":{"LOG_LEVEL":"3","X":"a: b"}}},"Timeout":90000000000}`
	if err != nil || string(text) != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, text, want)
	}
}

func TestWhatAFileDoesNotSayIsZero(t *testing.T) {
	t.Parallel()
	whole := oar.Settings{}.Whole()
	want := file.Cluster{Spec: cluster.Spec{Groups: []cluster.Group{{Name: "n", Nodes: 1, Cores: 1}}, OAR: &whole}}
	if got := read(t, "nodes: {n: {count: 1}}\n"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestPrintedFilesSayTheSame(t *testing.T) {
	t.Parallel()
	shipped, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{full, string(shipped), "nodes: {n: {count: 1, memory: 7000000}}\nvolumes: []\n"} {
		c := read(t, text)
		printed, err := file.Print(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := file.Read("printed.yaml", printed, "/elsewhere")
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%v: printed\n%s\nwhich says %+v, not %+v", err, printed, again, c)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	const ok = "nodes: {n: {count: 1}}\n"
	for text, want := range map[string]string{
		"":                                      "c.yaml: cluster file is empty",
		"- a\n":                                 "c.yaml:1:1: a cluster file is a mapping of keys to values, not a list",
		"name: x\n":                             "c.yaml:1:1: nodes is missing",
		"node: {n: {count: 1}}\n":               `c.yaml:1:1: unknown key "node" (did you mean "nodes"?)`,
		ok + "tag: a\ntag: b\n":                 `c.yaml:3:1: key "tag" is given twice, first on line 2`,
		"nodes: {n: {count: 1, core: 2}}\n":     `c.yaml:1:23: unknown key "core" in nodes (did you mean "cores"?)`,
		"nodes: {n1: {count: 1}}\n":             `c.yaml:1:9: group "n1": a group's name`,
		"nodes: {server: {count: 1}}\n":         `c.yaml:1:9: group "server": another host has that name`,
		"nodes: {n: {count: x}}\n":              `c.yaml:1:20: count "x": it must be a number`,
		"nodes: {n: {count: 1, cores: 2000}}\n": "c.yaml:1:30: cores 2000: it must be a number from 1 to 1024",
		"nodes: {n: {count: 1, memory: 17179869184g}}\n": `c.yaml:1:31: memory "17179869184g": memory is a number of bytes`,
		"nodes: {n: }\n":                       "c.yaml:1:11: nodes n must be a mapping, not nothing",
		ok + "bind: 1.2.3\n":                   `c.yaml:2:7: bind "1.2.3": it must be an IP address`,
		ok + "http_port: 70000\n":              `c.yaml:2:12: http_port "70000": a port`,
		ok + "volumes: [a]\n":                  `c.yaml:2:11: volume "a": a volume is HOST:CONTAINER`,
		ok + "volumes: [\"a:/d\", \"b:/d\"]\n": `c.yaml:2:19: "/d" is mounted twice`,
		ok + "properties: {host: int}\n":       `c.yaml:2:14: property "host" is OAR's own`,
		ok + "properties: {a: text}\n":         `c.yaml:2:17: type "text": a property is an int or a string`,
		"properties: {disk: string}\nnodes: {n: {count: 1, properties: {disc: x}}}\n": `c.yaml:2:36: unknown property "disc": the cluster's properties declare it with a type (did you mean "disk"?)`,
		"properties: {rack: int}\nnodes: {n: {count: 1, properties: {rack: x}}}\n":    `c.yaml:2:42: property rack is "x": it must be an int`,
		ok + "queues: {q: {}}\n":                            "c.yaml:2:13: priority is missing in queues",
		ok + "users: {root: {uid: 2000}}\n":                 `c.yaml:2:9: user "root": the images have an account`,
		ok + "users: {a: {uid: 1000}}\n":                    "c.yaml:2:18: uid 1000: a uid is a number from 1001 to 59999",
		ok + "users: {a: {uid: 2000}, b: {uid: 2000}}\n":    "c.yaml:2:34: uid 2000 is also the one of a",
		ok + "users: {a: {uid: 2000, keys: [command=x]}}\n": `c.yaml:2:31: key "command=x": a key is one line`,
		ok + "oar_conf: {log_level: 3}\n":                   `c.yaml:2:12: oar_conf "log_level": a key of oar.conf`,
		ok + "oar_conf: {A: 'x$(rm)'}\n":                    `oar_conf "x$(rm)": a value of oar.conf is one line without`,
		ok + "oar_conf: {A: 'x\"; rm'}\n":                   `oar_conf "x\"; rm": a value of oar.conf is one line without`,
	} {
		_, err := file.Read("c.yaml", []byte(text), "/dir")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got\n%v\nwant %s", text, err, want)
		}
	}
	_, err := file.Read("c.yaml", []byte("tg: 1\nnodes: {n: {cnt: 1}}\n"), "/dir")
	if err == nil || strings.Count(err.Error(), "unknown key") != 2 {
		t.Errorf("not all at once: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(full)
	f.Add("nodes: {n: {count: 1}}\nusers: {a: {uid: 2000, keys: [ssh-rsa A]}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := file.Read("c.yaml", []byte(text), "/dir")
		if err != nil {
			return
		}
		printed, err := file.Print(c)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := file.Read("p.yaml", printed, "/dir"); err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("printed\n%s\nwhich says otherwise: %v", printed, err)
		}
	})
}

func TestSetting(t *testing.T) {
	t.Parallel()
	if name, value, err := file.Setting("A_B=c=d"); err != nil || name != "A_B" || value != "c=d" {
		t.Errorf("got %q, %q, %v", name, value, err)
	}
	for _, evil := range []string{"", "A", "a=b", "A=\"", "A=x\ny"} {
		if _, _, err := file.Setting(evil); err == nil {
			t.Errorf("%q is taken", evil)
		}
	}
}

func TestTheManualHasTheReference(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- made from the table of internal/cluster/file by go generate -->\n", "<!-- end of what is made -->\n"
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := os.ReadFile(example)
	if err != nil || !strings.Contains(string(text), string(shipped)) {
		t.Errorf("the manual does not show %s: %v", example, err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the reference", manual)
	}
	want := before + begin + "\n" + file.Table().Reference() + "\n" + end + after
	if *update {
		if err := os.WriteFile(manual, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s is not what the table says: run go generate ./internal/cluster/file", manual)
	}
}

func TestTheTableIsComplete(t *testing.T) {
	t.Parallel()
	schema, err := file.Table().Schema("cluster")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Defs map[string]struct {
			Properties map[string]struct{ Description string }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(schema, &doc); err != nil || len(doc.Defs) != 4 {
		t.Fatalf("got %v, %d objects", err, len(doc.Defs))
	}
	for name, def := range doc.Defs {
		for key, property := range def.Properties {
			if !strings.HasSuffix(property.Description, ".") {
				t.Errorf("%s of %s: help %q is no sentence", key, name, property.Description)
			}
		}
	}
}

func TestAFileMayHaveManyUsers(t *testing.T) {
	t.Parallel()
	text := "nodes: {node: {count: 1}}\nusers:\n"
	for i := range 300 {
		text += fmt.Sprintf("  u%d: {uid: %d, keys: [\"ssh-rsa %s u%d@laptop\"]}\n", i, 2000+i, strings.Repeat("A", 724), i)
	}
	c, err := file.Read("lab.yaml", []byte(text), "/")
	if err != nil || len(c.Spec.OAR.Users) != 300 {
		t.Errorf("%v", err)
	}
	if _, err := file.Read("lab.yaml", []byte(text+"# "+strings.Repeat("x", 1<<20)), "/"); err == nil || !strings.Contains(err.Error(), "cluster file has 1") {
		t.Errorf("got %v", err)
	}
}
