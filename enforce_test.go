package main

import (
	"encoding/json"
	"os"
	"slices"

	"github.com/rogpeppe/go-internal/testscript"
)

// lackingStatement writes a policy without the statements that hold an action:
// lacking FILE ACTION OUT.
func lackingStatement(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: lacking FILE ACTION OUT")
	}
	var policy struct {
		Version   string
		Statement []map[string]any
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &policy))
	before := len(policy.Statement)
	policy.Statement = slices.DeleteFunc(policy.Statement, func(statement map[string]any) bool {
		actions, many := statement["Action"].([]any)
		return statement["Action"] == args[1] || many && slices.Contains(actions, any(args[1]))
	})
	if len(policy.Statement) == before {
		ts.Fatalf("no statement of %s holds %s", args[0], args[1])
	}
	content, err := json.Marshal(policy)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), content, 0o600))
}
