package main

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/urfave/cli/v2"

	"enrich/audit"
	"enrich/pipeline"
)

func (p *program) auditCommand() *cli.Command {
	return &cli.Command{
		Name:  "audit",
		Usage: "proves that no record was lost or stored twice",
		Description: about(`
Reads the stream again and compares each record with what is stored: it must be
in one place. Exits with 2 when a record is missing, in more than one place, or
where it does not belong. It takes at most 1 call and 1 MB a second of each shard,
and changes nothing. --since counts in whole hours, as results does.`,
			"enrich audit", "enrich audit --since 24h", "enrich audit -o json | jq '.missing[].partition_key'"),
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "since", Usage: "`TIME`: how far to look back (default: 1h)", Value: time.Hour},
		},
		Action: p.audit,
	}
}

func (p *program) audit(c *cli.Context) error {
	_, err := takeArguments(c)
	since := c.Duration("since")
	if since <= 0 {
		err = together(err, failf("--since %s: the time to look back is more than 0", since))
	}
	if err != nil {
		return err
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	set, stop := p.out.spinner(auditing(audit.Progress{}))
	defer stop()
	report, err := audit.Compare(c.Context, kinesis.NewFromConfig(pipeline.ControlPlane(s.sdk)), s.storage(), audit.Query{
		Stream: s.pipeline.Names().Stream, Place: s.place(), Since: time.Now().Add(-since),
		Settle: s.settle(), Together: s.cfg.Mapping.BatchSize * s.cfg.Mapping.ParallelizationFactor,
		Observe: func(now audit.Progress) { set(auditing(now)) },
	})
	stop()
	if err != nil {
		return p.notDeployed(err, "ResourceNotFoundException", "NoSuchBucket")
	}
	if err := p.out.result(report, func(page *page) { printAudit(page, report) }); err != nil {
		return err
	}
	if !report.Complete {
		return exit(exitDifferent)
	}
	return nil
}

// settle is how long a batch may take: to be gathered, to be tried and to be tried again.
func (s *session) settle() time.Duration {
	return time.Duration(s.cfg.Mapping.BatchingWindowSeconds+2*s.cfg.Function.Timeout) * time.Second
}
