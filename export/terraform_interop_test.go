//go:build interop

package export

import (
	stdcmp "cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enrich/config"
	"enrich/pipeline"
)

// tofu runs OpenTofu, which finds a provider for tests in the place of the real one: it
// has the same arguments, and plans without AWS.
type tofu struct {
	program, directory string
	environment        []string
}

func newTofu(t *testing.T, id pipeline.Identity) tofu {
	t.Helper()
	tools := os.Getenv("ENRICH_INTEROP_TOOLS")
	if tools == "" {
		t.Fatal("ENRICH_INTEROP_TOOLS is not set: run make interop")
	}
	schema, err := filepath.Abs("testdata/terraform-aws-" + providerVersion + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return tofu{filepath.Join(tools, "tofu"), t.TempDir(), append(os.Environ(),
		"TF_CLI_CONFIG_FILE="+filepath.Join(tools, "tofurc"), "TF_IN_AUTOMATION=1",
		"PROVIDER_SCHEMA="+schema, "PROVIDER_ACCOUNT="+id.Account, "PROVIDER_REGION="+id.Region, "PROVIDER_PARTITION="+id.Partition, "PROVIDER_MAPPING="+mappingID,
	)}
}

func (o tofu) write(t *testing.T, files []File) {
	t.Helper()
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(o.directory, f.Name), f.Content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// run gives what a command says, and whether it succeeds.
func (o tofu) run(t *testing.T, arguments ...string) (string, bool) {
	t.Helper()
	command := exec.CommandContext(t.Context(), o.program, arguments...)
	command.Dir, command.Env = o.directory, o.environment
	output, err := command.Output()
	said := string(output)
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return said + string(failed.Stderr), false
	}
	if err != nil {
		t.Fatal(err)
	}
	return said, true
}

func (o tofu) must(t *testing.T, arguments ...string) string {
	t.Helper()
	said, ok := o.run(t, arguments...)
	if !ok {
		t.Fatalf("tofu %s: %s", strings.Join(arguments, " "), said)
	}
	return said
}

// variablesOf are the variables of an environment, with other numbers than the defaults.
func variablesOf(c config.Config, files []File) []string {
	variables := []string{"-var=environment=" + c.Environment}
	for _, f := range files {
		for name, n := range map[string]int{"stream_shard_count": c.Stream.Shards, "lambda_memory_size": c.Function.Memory, "lambda_timeout": c.Function.Timeout} {
			if f.Name == "variables.tf" && strings.Contains(string(f.Content), `"`+name+`"`) {
				variables = append(variables, fmt.Sprintf("-var=%s=%d", name, n))
			}
		}
	}
	return variables
}

// What OpenTofu itself plans is what the definition is, in each environment.
func TestTerraformPlansTheDefinition(t *testing.T) {
	schema := providerSchema(t)
	cases := map[string][]config.Config{}
	for name, file := range definitions(t) {
		cases[name] = settings(t, file)
	}
	for seed := range uint64(2) {
		configs, written := randomSettings(t, rand.New(rand.NewPCG(seed, 3)))
		cases[written] = configs
	}
	for name, configs := range cases {
		p, err := New(terraform(), configs, "staging", code)
		if err != nil {
			t.Fatal(err)
		}
		files, err := terraform().Files(p, "")
		if err != nil {
			t.Fatal(err)
		}
		o := newTofu(t, testIdentity(config.Config{}))
		o.write(t, files)
		o.must(t, "init", "-no-color")
		o.must(t, "fmt", "-check", "-diff")
		o.must(t, "validate", "-no-color")
		for _, c := range configs {
			c.Stream.Shards, c.Function.Memory, c.Function.Timeout = 11, 1234, 56
			resources, err := pipeline.Export(c, testIdentity(c), code, moduleManager)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(name+" in "+c.Environment, func(t *testing.T) {
				o.must(t, append([]string{"plan", "-no-color", "-out=plan"}, variablesOf(c, files)...)...)
				m, err := newModule(p)
				if err != nil {
					t.Fatal(err)
				}
				want := definedResources(t, p, c.Environment, resources, m.addresses)
				want["aws_lambda_function.enrichment"].(map[string]any)["source_code_hash"] = archiveDigest()
				for address, of := range want {
					kind, _, _ := strings.Cut(address, ".")
					want[address] = settled(schema[kind], of.(map[string]any))
				}
				if diff := cmp.Diff(want, o.planned(t, schema)); diff != "" {
					t.Errorf("it plans something else (-definition +plan):\n%s", diff)
				}
			})
		}
	}
}

// mappingID is what stands for the event source mapping in the definition, and what the
// provider for tests gives it.
const mappingID = "(the event source mapping)"

func testIdentity(c config.Config) pipeline.Identity {
	return pipeline.Identity{
		Name: c.Name, Environment: c.Environment, Partition: "aws-cn", Account: "123456789012", Region: stdcmp.Or(c.Region, "cn-north-1"),
	}
}

func archiveDigest() string {
	sum := sha256.Sum256(code.Zip)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// planned are the values of the resources, by their addresses without an index.
func (o tofu) planned(t *testing.T, schema map[string]map[string]argument) map[string]any {
	t.Helper()
	var plan struct {
		Planned struct {
			Root struct {
				Resources []struct {
					Mode, Type, Name string
					Values           json.RawMessage
				}
			} `json:"root_module"`
		} `json:"planned_values"`
	}
	if err := json.Unmarshal([]byte(o.must(t, "show", "-json", "plan")), &plan); err != nil {
		t.Fatal(err)
	}
	resources := map[string]any{}
	for _, r := range plan.Planned.Root.Resources {
		if r.Mode != "managed" {
			continue
		}
		values := planning{t: t}.read(r.Values).(map[string]any)
		if tags, ok := values["tags_all"]; ok {
			values["tags"] = tags
			delete(values, "tags_all")
		}
		for _, computed := range []string{"arn", "id", "uuid"} {
			if r.Type != "aws_sns_topic_policy" || computed != "arn" {
				delete(values, computed)
			}
		}
		resources[r.Type+"."+r.Name] = settled(schema[r.Type], values)
	}
	return resources
}

// settled leaves out what is not set, and orders what has no order.
func settled(arguments map[string]argument, values map[string]any) map[string]any {
	m := map[string]any{}
	for name, v := range values {
		list, several := v.([]any)
		if v == nil || several && len(list) == 0 {
			continue
		}
		if a := arguments[name]; several {
			for i, of := range list {
				if block, ok := of.(map[string]any); ok && a.Block {
					list[i] = settled(a.Attributes, block)
				}
			}
			if a.Nesting == "set" || strings.HasPrefix(a.Type, "set(") {
				slices.SortFunc(list, func(x, y any) int { return stdcmp.Compare(fmt.Sprint(x), fmt.Sprint(y)) })
			}
		}
		m[name] = v
	}
	return m
}

// A project is applied, found as it is, and destroyed, all in the order that its
// references make.
func TestTerraformAppliesAndDestroys(t *testing.T) {
	o := newTofu(t, testIdentity(config.Config{}))
	o.write(t, filesOf(t, terraform(), everything(t), ""))
	o.must(t, "init", "-no-color")
	o.must(t, "apply", "-no-color", "-auto-approve")
	if said, ok := o.run(t, "plan", "-no-color", "-detailed-exitcode"); !ok {
		t.Errorf("there is something to change again:\n%s", said)
	}
	if name := o.must(t, "output", "-raw", "shop_types_table_name"); name != "online-retail-dev-shop-types" {
		t.Errorf("the table is %s", name)
	}
	o.must(t, "destroy", "-no-color", "-auto-approve")
	if left := o.must(t, "state", "list"); left != "" {
		t.Errorf("%s is left", left)
	}
}

// What is not needed any more is deleted after its users have been changed: CloudWatch
// deletes no alarm that a composite alarm names, and the function would miss its table.
func TestTerraformLetsGoFirst(t *testing.T) {
	o := newTofu(t, testIdentity(config.Config{}))
	const first = "lookups:\n- {name: users, key: user_id, fields: [name]}\n"
	o.write(t, filesOf(t, terraform(), first+"- {name: shops, key: shop, fields: [title]}\n", ""))
	o.must(t, "init", "-no-color")
	o.must(t, "apply", "-no-color", "-auto-approve")
	o.write(t, filesOf(t, terraform(), first, ""))
	said := o.must(t, "apply", "-no-color", "-auto-approve")
	for goes, user := range map[string]string{
		"aws_cloudwatch_metric_alarm.lookup_table_throttling_shops": "aws_cloudwatch_composite_alarm.pipeline_unhealthy",
		"aws_dynamodb_table.shops":                                  "aws_lambda_function.enrichment",
	} {
		changed, gone := strings.Index(said, user+": Modifications complete"), strings.Index(said, goes+": Destroying...")
		if changed < 0 || gone < changed {
			t.Errorf("%s is not deleted after %s has been changed:\n%s", goes, user, said)
		}
	}
}

// In the workspace of one environment no other one is planned. Workspaces that have other
// names, as those of HCP Terraform, are anyone's.
func TestTerraformKeepsWorkspacesApart(t *testing.T) {
	o := newTofu(t, testIdentity(config.Config{}))
	o.write(t, filesOf(t, terraform(), "", ""))
	o.must(t, "init", "-no-color")
	o.must(t, "workspace", "select", "-or-create", "staging")
	o.must(t, "plan", "-no-color", "-var=environment=staging")
	if said, ok := o.run(t, "plan", "-no-color", "-var=environment=prod"); ok || !strings.Contains(said, "the workspace of another environment") {
		t.Errorf("prod in the workspace of staging: %s", said)
	}
	for _, workspace := range []string{"default", "data-enrichment-prod"} {
		o.must(t, "workspace", "select", "-or-create", workspace)
		o.must(t, "plan", "-no-color", "-var=environment=prod")
	}
}

// OpenTofu refuses what is wrong: an argument, a block, a reference, a type, what is
// missing, and a value that a variable does not take.
func TestTerraformRefusesWhatIsWrong(t *testing.T) {
	files := filesOf(t, terraform(), "", "")
	o := newTofu(t, testIdentity(config.Config{}))
	o.write(t, files)
	o.must(t, "init", "-no-color")
	for _, wrong := range []struct{ file, from, to, says string }{
		{"function.tf", "memory_size ", "memory_sizes ", "Unsupported argument"},
		{"function.tf", "on_failure {", "failure {", "Unsupported block type"},
		{"function.tf", "aws_kinesis_stream.events.arn", "aws_kinesis_stream.stream.arn", "Reference to undeclared resource"},
		{"function.tf", "aws_kinesis_stream.events.arn", "aws_kinesis_stream.events.arns", "Unsupported attribute"},
		{"stream.tf", "retention_period ", "retention_period = [1]\n # ", "Incorrect attribute value type"},
		{"lookup.tf", "  name ", "  # ", "Missing required argument"},
		{"variables.tf", "default     = \"dev\"", "default     = \"test\"", "environment must be dev, staging or prod."},
		{"variables.tf", "default     = 256", "default     = 256.5", "lambda_memory_size must be a whole number from 128 to 10240."},
	} {
		o.write(t, files)
		path := filepath.Join(o.directory, wrong.file)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(content), wrong.from, wrong.to, 1)
		if changed == string(content) {
			t.Errorf("%s has no %q", wrong.file, wrong.from)
		}
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		said, ok := o.run(t, "validate", "-no-color")
		if ok {
			said, ok = o.run(t, "plan", "-no-color")
		}
		if ok || !strings.Contains(said, wrong.says) {
			t.Errorf("%s with %q: %s", wrong.file, wrong.to, said)
		}
	}
}
