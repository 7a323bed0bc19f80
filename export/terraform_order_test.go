package export

import (
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// needs has, by the address of a resource or of a local value, what it is made after.
type needs map[string][]string

func needsOf(blocks []*hclsyntax.Block) needs {
	n := needs{}
	for _, b := range blocks {
		switch b.Type {
		case "resource":
			address := b.Labels[0] + "." + b.Labels[1]
			n[address] = append(n[address], referred(b.Body)...)
		case "locals":
			for name, a := range b.Body.Attributes {
				n["local."+name] = addressesIn(a.Expr.Variables())
			}
		}
	}
	return n
}

func referred(body *hclsyntax.Body) []string {
	var list []string
	for _, a := range body.Attributes {
		list = append(list, addressesIn(a.Expr.Variables())...)
	}
	for _, b := range body.Blocks {
		list = append(list, referred(b.Body)...)
	}
	return list
}

func addressesIn(references []hcl.Traversal) []string {
	var list []string
	for _, r := range references {
		if len(r) > 1 {
			list = append(list, r.RootName()+"."+r[1].(hcl.TraverseAttr).Name)
		}
	}
	return list
}

// after tells whether one is made after another one.
func (n needs) after(from, to string, seen ...string) bool {
	for _, next := range n[from] {
		if next == to || !slices.Contains(seen, next) && n.after(next, to, append(seen, next)...) {
			return true
		}
	}
	return false
}

// Terraform makes nothing before what deploy makes before it, and nothing before itself.
func TestTerraformKeepsTheOrder(t *testing.T) {
	for name, file := range definitions(t) {
		p := project(t, terraform(), file)
		m, err := newModule(p)
		if err != nil {
			t.Fatal(err)
		}
		n := needsOf(parsed(t, filesOf(t, terraform(), file, "")))
		for address := range n {
			if n.after(address, address) {
				t.Errorf("%s: %s is made after itself", name, address)
			}
		}
		for _, v := range p.variants {
			for _, r := range v.resources {
				for _, key := range r.DependsOn {
					if !n.after(m.addresses[r.Key], m.addresses[key]) {
						t.Errorf("%s in %s: %s is not made after %s", name, v.environment, m.addresses[r.Key], m.addresses[key])
					}
				}
			}
		}
		for from, to := range map[string]string{
			"aws_lambda_function.enrichment": "aws_iam_role_policy.function", "aws_lambda_event_source_mapping.events": "aws_s3_bucket_versioning.delivery",
		} {
			if !n.after(from, to) {
				t.Errorf("%s: %s is not made after %s", name, from, to)
			}
		}
	}
}
