package config

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiledSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(Schema())
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("enrich.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("enrich.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// value is what an editor sees of a file's node.
func value(t testing.TB, n *node) any {
	t.Helper()
	switch n.kind {
	case nullNode:
		return nil
	case textNode:
		return n.text
	case listNode:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = value(t, item)
		}
		return list
	case mapNode:
		section := map[string]any{}
		for _, e := range n.entries {
			section[e.key] = value(t, e.value)
		}
		return section
	}
	var scalar any
	if err := yaml.Unmarshal([]byte(n.text), &scalar); err != nil {
		t.Fatalf("%s: %v", n.text, err)
	}
	return scalar
}

func TestSchemaAcceptsWhatIsAccepted(t *testing.T) {
	schema := compiledSchema(t)
	for _, content := range []string{
		everyKey, "", "stream:\nfunction:\ntags:\nenvironments:\n  prod:\n",
		"environments:\n  prod: {stream: {shards: 8}, lookups: [{name: c, key: c, fields: [x]}], tags: {tier: high}}\n",
	} {
		load(t, content)
		root, wrong := parse("f", []byte(content))
		if wrong != nil {
			t.Fatal(wrong)
		}
		if err := schema.Validate(value(t, root)); err != nil {
			t.Errorf("%s\n%v", content, err)
		}
	}
}

// TestSchemaRefusesWhatIsRefused: but what a schema cannot tell, each kind of which
// must be met.
func TestSchemaRefusesWhatIsRefused(t *testing.T) {
	schema := compiledSchema(t)
	untold := map[string]bool{
		"is given twice": false, "is not a whole decimal number": false, "is the name of lookups[0] too": false, "is not possible": false,
		"is a field that enrich adds": false, "would be there twice": false, "is longer than the stream keeps": false,
		"leaves no time for a retry": false, "only topics of its own region": false, "only in capital letters": false, "is never reached": false, "with other capital letters": false, "with one for all addresses": false,
	}
	for _, test := range refusals() {
		root, wrong := parse("f", []byte(test.content))
		if wrong != nil || schema.Validate(value(t, root)) != nil {
			continue
		}
		told := true
		for reason := range untold {
			if strings.Contains(test.want, reason) {
				untold[reason], told = true, false
			}
		}
		if told {
			t.Errorf("the schema accepts %q: %s", test.content, test.want)
		}
	}
	for reason, met := range untold {
		if !met {
			t.Errorf("the schema tells %q", reason)
		}
	}
}
