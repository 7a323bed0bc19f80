package main

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"enrich/config"
)

func (p *program) schemaCommand() *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "prints the JSON Schema of enrich.yaml, for editors",
		Description: about(`
An editor with a YAML language server completes and checks enrich.yaml by it, when
the file begins with the line
# yaml-language-server: $schema=enrich.schema.json
as one that enrich init has written does. What only several values together can get
wrong, enrich plan tells.`,
			"enrich schema > enrich.schema.json"),
		Action: p.schema,
	}
}

// schema prints a document that is JSON in both formats: it is for programs alone.
func (p *program) schema(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	schema := config.Schema()
	text, err := schemaText()
	if err != nil {
		return err
	}
	return p.out.result(schema, func(page *page) { page.line("%s", text) })
}

func schemaText() ([]byte, error) {
	text, err := json.MarshalIndent(config.Schema(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	return text, nil
}
