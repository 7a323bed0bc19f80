package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/rogpeppe/go-internal/testscript"

	"enrich/config"
	"enrich/engine"
	"enrich/pipeline"
)

// manage has a deployed pipeline managed by another tool, as its export is deployed
// by that: what the definition makes of the tool's name is set, and nothing else.
func manage(ctx context.Context, endpoint, account, directory, file, tool string) error {
	cfg, err := config.Load(config.Flags{File: file}, func(string) string { return "" }, directory, pipeline.Checks()...)
	if err != nil {
		return err
	}
	sdk := aws.Config{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	id := pipeline.Identity{Name: cfg.Name, Environment: cfg.Environment, Partition: "aws", Account: account, Region: sdk.Region}
	p, err := pipeline.New(cfg, id, sdk, pipeline.Code{})
	if err != nil {
		return err
	}
	e := &engine.Engine{Resources: p.Under(tool)}
	plan, err := e.Plan(ctx)
	if err != nil {
		return err
	}
	for _, step := range plan.Steps {
		if len(step.Changes) > 0 && step.Action != engine.Update || step.Action == engine.Create {
			return fmt.Errorf("%s %s is no change of its manager: %v", step.Action, step.Resource.Key(), step.Changes)
		}
	}
	_, err = e.Apply(ctx, plan)
	return err
}

// managed has another tool manage what is deployed, as if it had deployed an export,
// and takes the record away: managed TOOL [CONFIG].
func managed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: managed TOOL [CONFIG]")
	}
	endpoint, account, record := ts.Getenv("AWS_ENDPOINT_URL"), "123456789012", ".enrich/data-enrichment-dev.json"
	if ts.Getenv("ENRICH_LOCAL") != "" {
		var running localDocument
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(".enrich/local/emulator.json")), &running))
		endpoint, account, record = running.Endpoint, "000000000000", ".enrich/local/data-enrichment-dev.json"
	}
	file := ""
	if len(args) == 2 {
		file = ts.MkAbs(args[1])
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ts.Check(manage(ctx, endpoint, account, ts.MkAbs("."), file, args[0]))
	backups, err := filepath.Glob(ts.MkAbs(record) + "*")
	ts.Check(err)
	for _, path := range backups {
		ts.Check(os.Remove(path))
	}
}
