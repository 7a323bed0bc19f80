package pipeline

import "testing"

// Terraform orders the members of an object, and other tools escape other characters.
func TestLookupsAreComparedByWhatTheyMean(t *testing.T) {
	const ours = `[{"name":"users","table":"a-dev-users","key":"id","table_key":"id","prefix":"user_","fields":["name",{"from":"m&m","to":"mail"}],"missing":"unknown"}]`
	for text, same := range map[string]bool{
		`[{"fields":["name",{"from":"m\u0026m","to":"mail"}],"key":"id","missing":"unknown","name":"users","prefix":"user_","table":"a-dev-users","table_key":"id"}]`: true,
		`[{"fields":["name"],"key":"id","missing":"unknown","name":"users","prefix":"user_","table":"a-dev-users","table_key":"id"}]`:                                 false,
		`[{"name":"users"}]`: false,
		"":                   false,
	} {
		if sameLookups(text, ours) != same || sameLookups(ours, text) != same {
			t.Errorf("%s is the same: %v", text, !same)
		}
	}
}
