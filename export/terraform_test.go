package export

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"enrich/config"
	"enrich/pipeline"
)

// What a project comes to in each environment is what the definition is there.
func TestTerraformComesToTheDefinition(t *testing.T) {
	schema := providerSchema(t)
	for name, file := range definitions(t) {
		configs := settings(t, file)
		p, err := New(terraform(), configs, "staging", code)
		if err != nil {
			t.Fatal(err)
		}
		files, err := terraform().Files(p, "")
		if err != nil {
			t.Fatal(err)
		}
		m, err := newModule(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range configs {
			t.Run(name+" in "+c.Environment, func(t *testing.T) {
				comparePlanned(t, p, m.addresses, schema, parsed(t, files), c)
			})
		}
	}
}

// Whatever the settings are, a project comes to what the definition is, in the format and
// by the schema of the tool.
func TestRandomTerraform(t *testing.T) {
	schema := providerSchema(t)
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 2))
		configs, written := randomSettings(t, r)
		p, err := New(terraform(), configs, oneOf(r, Environments()...), code)
		if err != nil {
			t.Fatal(err)
		}
		files, err := terraform().Files(p, "")
		if err != nil {
			t.Fatal(err)
		}
		m, err := newModule(p)
		if err != nil {
			t.Fatal(err)
		}
		checkFormat(t, files)
		for _, misfit := range misfits(schema, parsed(t, files)) {
			t.Error(misfit)
		}
		for _, c := range configs {
			t.Run(fmt.Sprintf("%d in %s", seed, c.Environment), func(t *testing.T) { comparePlanned(t, p, m.addresses, schema, parsed(t, files), c) })
		}
		if t.Failed() {
			t.Fatalf("with %s", written)
		}
	}
}

// The commands of the README take the variables and the region of the environment.
func TestTerraformCommandsOfEveryEnvironment(t *testing.T) {
	const file = `
region: eu-west-1
lookups: [{name: users, key: user_id, fields: [name]}]
environments:
  prod:
    region: us-east-1
    function: {memory: 1024}
    lookups: [{name: shops, key: shop, fields: [name]}]
`
	text := readme(t, terraform(), file, "dev")
	first := commands(t, text, "environment=")
	for environment, region := range map[string]string{"dev": "eu-west-1", "staging": "eu-west-1", "prod": "us-east-1"} {
		set := strings.Replace(first, "environment=dev", "environment="+environment, 1)
		said := shell(t, set+commands(t, text, "terraform apply")+"echo AWS_REGION=$AWS_REGION\n")
		if !strings.Contains(said, "terraform apply -var-file="+environment+".tfvars\nAWS_REGION="+region+"\n") {
			t.Errorf("%s: a shell makes of the commands:\n%s", environment, said)
		}
	}
	for _, f := range filesOf(t, terraform(), file, "") {
		if want := "lambda_memory_size = 1024\n"; f.Name == "prod.tfvars" && !strings.Contains(string(f.Content), want) {
			t.Errorf("%s has no %q:\n%s", f.Name, want, f.Content)
		}
	}
	// What only another environment has is protected there as well.
	set := strings.Replace(first, "environment=dev", "environment=prod", 1)
	destroy := strings.ReplaceAll(commands(t, text, "terraform destroy"), "while aws", "while false && aws")
	if said := shell(t, set+destroy); !strings.Contains(said, "--table-name <shops_table_name> --no-deletion-protection-enabled") {
		t.Errorf("the table of shops stays protected:\n%s", said)
	}
}

// The commands that put and delete mean the environment that was named, whichever
// workspace was selected last; without its workspace nothing is deleted.
func TestTerraformCommandsSelectTheWorkspace(t *testing.T) {
	text := readme(t, terraform(), "", "dev")
	first := commands(t, text, "environment=")
	const selects = "terraform workspace select dev\n"
	for _, word := range []string{"put-record", "terraform destroy"} {
		if said := shell(t, first+strings.ReplaceAll(commands(t, text, word), "while aws", "while false && aws")); !strings.HasPrefix(said, selects) {
			t.Errorf("%s is run in any workspace:\n%s", word, said)
		}
	}
	const none = "terraform() { echo \"terraform $*\"; false; }\n"
	if said := shell(t, none+first+commands(t, text, "terraform destroy")+"true\n"); said != selects {
		t.Errorf("without a workspace of dev:\n%s", said)
	}
}

// A long text that differs in one place is written once.
func TestTerraformSplicesLongTexts(t *testing.T) {
	p := project(t, terraform(), "")
	m, err := newModule(p)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a ${word} and another, ", 30)
	var texts [3]value
	for i, middle := range []string{"", "\"quoted\", ", "plain, "} {
		texts[i] = literal(long + middle + long)
	}
	written := flat(m.node(merge(texts, []string{"aws_lambda_function.enrichment", "description"})))
	if strings.Count(written, "another") != strings.Count(long, "another")*2 {
		t.Errorf("it is not written once: %s", written)
	}
	content := "locals {\n  text = " + written + "\n}\n" + m.locals()
	for i, c := range p.configs {
		planned := newPlanning(t, c, pipeline.Identity{})
		planned.knowLocals(parsed(t, []File{{Name: "locals.tf", Content: []byte(content)}}))
		if got, want := planned.context.Variables["local"].GetAttr("text").AsString(), texts[i].(Text).Parts[0].Literal; got != want {
			t.Errorf("in %s it is %s, not %s", c.Environment, got, want)
		}
	}
}

// comparePlanned plans with other numbers than the defaults.
func comparePlanned(t *testing.T, p *Project, addresses map[string]string, schema map[string]map[string]argument, blocks []*hclsyntax.Block, c config.Config) {
	c.Stream.Shards, c.Function.Memory, c.Function.Timeout = 11, 1234, 56
	id := pipeline.Identity{Name: c.Name, Environment: c.Environment, Partition: "aws-cn", Account: "123456789012", Region: "cn-north-1"}
	resources, err := pipeline.Export(c, id, code, moduleManager)
	if err != nil {
		t.Fatal(err)
	}
	planned := newPlanning(t, c, id)
	planned.know(blocks, addresses, resources)
	want := definedResources(t, p, c.Environment, resources, addresses)
	if diff := cmp.Diff(want, planned.resolve(schema, blocks)); diff != "" {
		t.Errorf("the project comes to something else (-definition +project):\n%s", diff)
	}
}

// definedResources are those of the definition, by their addresses. Without anything that
// stands for something else every text is a literal.
func definedResources(t *testing.T, p *Project, environment string, resources []pipeline.Exported, addresses map[string]string) map[string]any {
	t.Helper()
	entries, err := moduleResources(p, &variant{
		environment: environment, resources: resources, reaches: reach{},
		sentinels: sentinels{shards: -1001, memory: -1002, timeout: -1003}, // which no setting has
	}, addresses)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{}
	for _, entry := range entries {
		data, err := json.Marshal(direct(entry.Properties))
		if err != nil {
			t.Fatal(err)
		}
		want[entry.ID] = planning{t: t}.read(data)
	}
	return want
}
