package export

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// The files are as terraform fmt would leave them.
func TestTerraformIsInCanonicalFormat(t *testing.T) {
	for name, file := range definitions(t) {
		t.Run(name, func(t *testing.T) { checkFormat(t, filesOf(t, terraform(), file, "")) })
	}
}

func checkFormat(t *testing.T, files []File) {
	t.Helper()
	for _, f := range files {
		if !strings.HasSuffix(f.Name, ".tf") && !strings.HasSuffix(f.Name, ".tfvars") {
			continue
		}
		if diff := cmp.Diff(string(hclwrite.Format(f.Content)), string(f.Content)); diff != "" {
			t.Errorf("%s is not formatted (-canonical +written):\n%s", f.Name, diff)
		}
	}
}
