package main

import (
	"context"
	"slices"
	"strings"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/urfave/cli/v2"

	"enrich/config"
	"enrich/pipeline"
)

func (p *program) configCommand() *cli.Command {
	return &cli.Command{
		Name:      "config",
		Usage:     "shows every setting that holds, and where it comes from",
		ArgsUsage: "[SETTING]",
		Description: about(`
What decides, in this order: flag, environment variable, the file's section for
the environment, the file, default. With a key it shows that one, with a section
what is in it. Nothing is asked of AWS.`,
			"enrich config", "enrich config -e prod", "enrich config stream", "enrich config stream.shards -o json | jq '.values[0].value'"),
		Action: p.config,
	}
}

// settingsDocument is the result of config.
type settingsDocument struct {
	File   *string           `json:"file"`   // null: there is none
	Values []settingDocument `json:"values"` // each setting
}

// settingDocument is one setting.
type settingDocument struct {
	Key    string        `json:"key"`            // its dotted path
	Value  any           `json:"value"`          // that holds
	Source string        `json:"source"`         // in words
	Origin config.Origin `json:"origin"`         // flag, variable, environment (a section of the file), file, default or aws
	File   string        `json:"file,omitempty"` // that sets it
	Line   int           `json:"line,omitempty"` // of the file
}

func (p *program) config(c *cli.Context) error {
	key := ""
	if c.Args().Present() {
		given, err := takeArguments(c, "SETTING")
		if err != nil {
			return err
		}
		key = given[0]
	}
	workdir, err := workingDirectory()
	if err != nil {
		return err
	}
	values, file, err := config.Effective(p.settingFlags(), p.getenv, workdir, pipeline.Checks()...)
	if err != nil {
		return err
	}
	if err := p.findRegion(c.Context, values); err != nil {
		return err
	}
	if values = within(values, key); len(values) == 0 {
		return unknownSetting(key)
	}
	d := settingsDocument{Values: []settingDocument{}}
	if file != "" {
		d.File = &file
	}
	for _, v := range values {
		d.Values = append(d.Values, settingDocument{v.Key, valueOf(v), v.String(), v.Origin, v.File, v.Line})
	}
	return p.out.result(d, func(page *page) {
		var rows [][]cell
		for _, v := range values {
			source := cell{text: v.String()}
			if v.Origin == config.FromDefault {
				source.paint = page.c.faint
			}
			rows = append(rows, []cell{{text: v.Key}, {text: v.Text()}, source})
		}
		page.table(rows)
	})
}

// findRegion puts in the region that commands work in where the settings have none.
func (p *program) findRegion(ctx context.Context, values []config.Value) error {
	i := slices.IndexFunc(values, func(v config.Value) bool { return v.Key == "region" && v.Origin == config.FromDefault })
	if i < 0 {
		return nil
	}
	if p.globals.local {
		values[i].Value, values[i].Source = localRegion, config.Source{Origin: config.FromDefault, Name: "the emulator's"}
		return nil
	}
	sdk, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithSharedConfigProfile(p.globals.profile))
	if err != nil {
		return unloaded(err)
	}
	if sdk.Region == "" {
		return nil
	}
	source := "the AWS configuration files"
	for _, name := range []string{"AWS_DEFAULT_REGION", "AWS_REGION"} { // the second one wins
		if p.getenv(name) == sdk.Region {
			source = name
		}
	}
	values[i].Value, values[i].Source = sdk.Region, config.Source{Origin: config.FromAWS, Name: source}
	return nil
}

// within are the values of a key or a section; of all with "".
func within(values []config.Value, key string) []config.Value {
	return slices.DeleteFunc(values, func(v config.Value) bool {
		rest, ok := strings.CutPrefix(v.Key, key)
		return !ok || key != "" && rest != "" && rest[0] != '.' && rest[0] != '['
	})
}

// valueOf is a value as a file in JSON would have it.
func valueOf(v config.Value) any {
	fields, ok := v.Value.([]config.Field)
	if !ok {
		return v.Value
	}
	list := make([]any, len(fields))
	for i, f := range fields {
		list[i] = f.From
		if f.To != f.From {
			list[i] = map[string]string{"from": f.From, "to": f.To}
		}
	}
	return list
}

func unknownSetting(key string) error {
	err := failf("there is no setting %s", key)
	if key == "environments" || strings.HasPrefix(key, "environments.") {
		return err.hint("-e ENVIRONMENT shows what holds there")
	}
	if near := config.SuggestKey(key); near != "" {
		return err.hint("did you mean %s?", strings.Replace(near, "[]", "[0]", 1))
	}
	return err.hint("enrich config lists all of them")
}
