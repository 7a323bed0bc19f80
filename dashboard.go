package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"
)

func (p *program) dashboardCommand() *cli.Command {
	return &cli.Command{
		Name:  "dashboard",
		Usage: "prints the link of the pipeline's CloudWatch dashboard",
		Description: about(`
The dashboard shows the alarms, the figures of enrich status, and graphs of all that
enrich metrics has. An emulator has no console that could draw it; the command that
prints its body is printed there.`,
			"enrich dashboard", "enrich dashboard --open", "enrich dashboard -e prod -o json"),
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "open", Usage: "open it in the browser, too"}},
		Action: p.bounded(p.dashboard),
	}
}

func (p *program) dashboard(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	if err := p.findDashboard(c.Context, s); err != nil {
		return err
	}
	d := dashboardOf(s)
	if c.Bool("open") {
		if d.URL == "" {
			return failf("%s has no console that this version knows: there is nothing to open", s.where())
		}
		if err := browse(c.Context, d.URL); err != nil {
			p.out.warning("the browser could not be opened: %s", err)
		}
	}
	if d.URL == "" {
		p.out.note("%s has no console that this version knows; this prints the body of the dashboard:", s.where())
	}
	return p.out.result(d, func(page *page) {
		if d.URL == "" {
			page.line("%s", d.Body)
			return
		}
		page.line("%s", d.URL)
	})
}

// findDashboard makes sure that there is what the link leads to: the console would
// only show an error.
func (p *program) findDashboard(ctx context.Context, s *session) error {
	found, err := s.engineOf(s.pipeline.Dashboard()).Inspect(ctx)
	if err != nil {
		return err
	}
	for _, f := range found {
		switch {
		case f.Err != nil:
			return f.Err
		case f.Observed == nil:
			return failf("there is no dashboard %s", f.Resource.Name()).hint("is the pipeline deployed? %s", p.again("deploy"))
		case strange(f):
			return failf("the dashboard %s was not made by this pipeline", f.Resource.Name()).hint("%s --adopt takes it over", p.again("deploy"))
		}
	}
	return nil
}

// dashboardOf tells where the dashboard is.
func dashboardOf(s *session) dashboardDocument {
	d := dashboardDocument{Name: s.pipeline.Names().Dashboard}
	d.Body = fmt.Sprintf("aws cloudwatch get-dashboard --dashboard-name %s --region %s --query DashboardBody --output text", d.Name, s.id.Region)
	if s.endpoint != "" {
		d.Body += " --endpoint-url " + shellWord(s.endpoint)
		return d
	}
	d.URL = s.pipeline.DashboardLink()
	return d
}

// where names what the session works on.
func (s *session) where() string {
	if s.endpoint != "" {
		return s.endpoint
	}
	return "the partition " + s.id.Partition
}
