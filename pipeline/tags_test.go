package pipeline

import (
	"strings"
	"testing"

	"enrich/engine"
)

// Tags come before every other change: what has been changed is the pipeline's, so
// that a run that was stopped is gone on with. A caller who may only read is refused
// the first change.
func TestTagsComeFirst(t *testing.T) {
	c, server := newEmulated(t)
	p := c.pipeline(t)
	keys := everyKey(t, p)
	for _, key := range keys {
		deployed(t, p, key)
	}
	reads := `"kinesis:Describe*", "dynamodb:Describe*", "lambda:Get*", "lambda:List*", "iam:Get*", "s3:Get*", "s3:List*"`
	if err := server.SetCallerPolicy(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [` + reads + `], "Resource": "*"}]}`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.SetCallerPolicy(""); err != nil {
			t.Error(err)
		}
	})
	for _, key := range keys {
		t.Run(key, func(t *testing.T) {
			resource := pick(t, p, key)
			desired := resource.(engine.Desirer).Desired()
			observed := &engine.Observed{ID: resource.Name(), ARN: resource.ARN(), Tags: map[string]string{"owner": "bob"}, Spec: desired}
			err := resource.Update(t.Context(), observed, engine.Compare(desired, struct{}{}), &notes{})
			if err == nil || !strings.Contains(err.Error(), "tags: ") {
				t.Errorf("got %v", err)
			}
		})
	}
}
