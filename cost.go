package main

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/urfave/cli/v2"

	"enrich/cost"
	"enrich/pipeline"
)

func (p *program) costCommand() *cli.Command {
	usual := cost.Ordinary()
	return &cli.Command{
		Name:  "cost",
		Usage: "tells what the pipeline costs, idle and for the events that come",
		Description: about(`
Reckons from the configuration and an assumption about the traffic what each service
costs in a month, and for a million events, beside the recipe's design, which reads
and stores each event by itself. Nothing is asked of AWS, and no credentials are
needed: the prices are those of a table that tells their source and date, without
free tiers. -v adds each item, and what the figures stand on.`,
			"enrich cost", "enrich cost -e prod --events-per-second 2000 --event-bytes 1200 --hit-rate 0.5", "enrich cost -o json"),
		Flags: []cli.Flag{
			&cli.Float64Flag{Name: "events-per-second", Usage: "`N`: events that come in, evenly (default: 100)", Value: usual.EventsPerSecond},
			&cli.IntFlag{Name: "event-bytes", Usage: "`N`: size of an event (default: 400)", Value: usual.EventBytes},
			&cli.Float64Flag{Name: "hit-rate", Usage: "`SHARE`: of events whose item is remembered or read already, 0 to 1 (default: 0.9)", Value: usual.HitRate},
		},
		Action: p.cost,
	}
}

func (p *program) cost(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	traffic := cost.Traffic{EventsPerSecond: c.Float64("events-per-second"), EventBytes: c.Int("event-bytes"), HitRate: c.Float64("hit-rate")}
	if err := traffic.Check(); err != nil {
		return failf("%s", err)
	}
	defined, name, err := p.define(c.Context)
	if err != nil {
		return err
	}
	estimate, err := defined.Cost(traffic)
	if unknown, ok := errors.AsType[*cost.UnknownRegionError](err); ok {
		return failf("%s", unknown).with("UnknownRegion", map[string]any{"region": unknown.Region, "known": unknown.Known}).
			hint("--region us-east-1 tells what it would cost there")
	}
	if err != nil {
		return err
	}
	return p.out.result(costOf(estimate), func(page *page) { printCost(page, name, estimate, p.out.verbose) })
}

// define makes the definition without an account: costs are the same in each.
func (p *program) define(ctx context.Context) (*pipeline.Pipeline, string, error) {
	cfg, err := p.settings()
	if err != nil {
		return nil, "", err
	}
	region := cfg.Region
	switch {
	case region != "":
	case p.globals.local:
		region = localRegion
	default:
		if region, err = p.sdkRegion(ctx); err != nil {
			return nil, "", err
		}
	}
	id := pipeline.Identity{Name: cfg.Name, Environment: cfg.Environment, Partition: "aws", Account: "000000000000", Region: region}
	defined, err := pipeline.New(cfg, id, aws.Config{Region: region}, pipeline.Code{})
	return defined, cfg.Name + " (" + cfg.Environment + ")", err
}

// sdkRegion is the region that the SDK's own variables and files name.
func (p *program) sdkRegion(ctx context.Context) (string, error) {
	options := []func(*awsconfig.LoadOptions) error{awsconfig.WithLogger(sdkLogger(p.out))}
	if p.globals.profile != "" {
		options = append(options, awsconfig.WithSharedConfigProfile(p.globals.profile))
	}
	sdk, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return "", unloaded(err)
	}
	return sdk.Region, checkRegion(sdk.Region)
}
