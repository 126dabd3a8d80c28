package recipes

import (
	"bytes"
	"encoding/json"
	"regexp"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/oarcluster/oarcluster/recipes/grammar"
)

// compiled is the program's schema, as a validator of its own reads it.
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	text, err := grammar.Schema()
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("recipe.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("recipe.json")
})

// validate returns what the schema says about a recipe. The text may be no YAML,
// which is no matter of a schema.
func validate(t *testing.T, text string) (err error, isYAML bool) {
	t.Helper()
	schema, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, false
	}
	data, err := json.Marshal(doc)
	if err != nil {
		return nil, false
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, false
	}
	return schema.Validate(value), true
}

// acceptedBySchema fails the test when the schema refuses a recipe that loads.
func acceptedBySchema(t *testing.T, text string) {
	t.Helper()
	if err, _ := validate(t, text); err != nil {
		t.Errorf("the schema refuses\n%s\n%v", text, err)
	}
}

// unseen are the mistakes that no schema can see: about variables and suites,
// about entries that are right each alone, about files, about ways to write
// YAML, and about numbers, of which it sees the value alone.
var unseen = regexp.MustCompile(`unknown (variable|suite)|variable |listed twice|given twice|not a variable|made of itself|` +
	`variable suite|without a network|keyring|armoured|a step can chown|refused|one document|empty|name is missing$|from is missing|` +
	`exclude each other in sources|included|includes|reading include|pattern "\["|nested deeper|more than|not UTF-8|control character|mode "9"`)

// refusedBySchema fails the test when the schema accepts a recipe with a mistake
// that it should see.
func refusedBySchema(t *testing.T, text, mistake string) {
	t.Helper()
	err, isYAML := validate(t, text)
	if isYAML && err == nil && !unseen.MatchString(mistake) {
		t.Errorf("the schema accepts %q, but: %s", text, mistake)
	}
}

func TestTheSchemaAcceptsWhatIsShipped(t *testing.T) {
	t.Parallel()
	for _, name := range Shipped() {
		text, err := shipped.ReadFile(name + suffix)
		if err != nil {
			t.Fatal(err)
		}
		acceptedBySchema(t, string(text))
	}
}

func TestTheSchemaTellsFragmentsFromRecipes(t *testing.T) {
	t.Parallel()
	acceptedBySchema(t, "packages: [vim]\n")
	for _, text := range []string{"name: x\n", "from: base\n", "packages: vim\n", "from: base\nname: x\nfoo: 1\n", "foo: 1\n"} {
		refusedBySchema(t, text, "it is wrong")
	}
}
