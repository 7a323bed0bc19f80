package export

import (
	"fmt"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// setByProvider are attributes that are referred to and that nobody may set.
var setByProvider = []string{"arn", "uuid"}

// strangers are references to attributes that the provider does not know.
func strangers(schema map[string]map[string]argument, body *hclsyntax.Body) []string {
	var list []string
	for _, a := range body.Attributes {
		for _, r := range a.Expr.Variables() {
			kind := r.RootName()
			arguments, ok := schema[kind]
			at := slices.IndexFunc(r[min(2, len(r)):], func(step hcl.Traverser) bool { _, named := step.(hcl.TraverseAttr); return named })
			if !ok || at < 0 {
				continue
			}
			name := r[2+at].(hcl.TraverseAttr).Name
			if _, ok := arguments[name]; !ok && !slices.Contains(setByProvider, name) {
				list = append(list, fmt.Sprintf("%s has no attribute %s", kind, name))
			}
		}
	}
	for _, b := range body.Blocks {
		list = append(list, strangers(schema, b.Body)...)
	}
	return list
}

// What is referred to is there.
func TestTerraformRefersToWhatThereIs(t *testing.T) {
	schema := providerSchema(t)
	for name, file := range definitions(t) {
		for _, b := range parsed(t, filesOf(t, terraform(), file, "")) {
			for _, stranger := range strangers(schema, b.Body) {
				t.Errorf("%s: %s", name, stranger)
			}
		}
	}
	const wrong = `
output "a" {
  value = [aws_s3_bucket.a.name, aws_s3_bucket.a.bucket, aws_s3_bucket.b[0].names, aws_s3_bucket.a.arn, "${aws_dynamodb_table.a.table}"]
}
`
	want := []string{"aws_s3_bucket has no attribute name", "aws_s3_bucket has no attribute names", "aws_dynamodb_table has no attribute table"}
	if found := strangers(schema, parsed(t, []File{{Name: "wrong.tf", Content: []byte(wrong)}})[0].Body); !slices.Equal(found, want) {
		t.Errorf("found %q", found)
	}
}
