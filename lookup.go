package main

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/urfave/cli/v2"

	"enrich/config"
	"enrich/items"
)

func (p *program) lookupCommand() *cli.Command {
	return &cli.Command{
		Name:  "lookup",
		Usage: "loads, shows and changes the items that events are enriched with",
		Description: about(`
A lookup joins events with the items of one DynamoDB table.`,
			"enrich --local lookup load users.csv", "enrich lookup get user_123"),
		Subcommands: append([]*cli.Command{{
			Name:      "load",
			Usage:     "writes items from a file or from stdin into a lookup's table",
			ArgsUsage: "FILE|-",
			Description: about(`
Reads CSV with a header line, NDJSON or a JSON array; items with the same key
are replaced. CSV values are strings unless --types says otherwise, JSON values
keep their types. A row without the table's key is reported with its line, and
the others are written. A --dry-run reports the same, and writes nothing. gzip
and zstd are unpacked.`,
				"enrich lookup load users.csv", "enrich lookup load users.ndjson.gz", "enrich lookup load prices.csv --table products --types price=N,sold=BOOL",
				"enrich lookup load - --format ndjson < customers.ndjson",
				"enrich lookup load crm.csv --key customer_id --dry-run"),
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "table", Usage: "`LOOKUP`: its name in the configuration (needed when there are several)"},
				&cli.StringFlag{Name: "types", Usage: "`TYPES`: of CSV columns, NAME=N,NAME=BOOL,… (N, S, BOOL, NULL, JSON)"},
				&cli.StringFlag{Name: "key", Usage: "`FIELD`: of the file, becomes the table's key (default: the field of its name)"},
				&cli.BoolFlag{Name: "dry-run", Usage: "check the whole file and write nothing"},
				&cli.StringFlag{Name: "format", Usage: "`FORMAT`: csv, ndjson or json (default: from the file's name)"},
			},
			Action: p.lookupLoad,
		}}, p.itemCommands()...),
	}
}

func (p *program) lookupLoad(c *cli.Context) error {
	given, err := takeArguments(c, "FILE")
	if err != nil {
		return err
	}
	o, err := loadOptions(c, given[0])
	if err != nil {
		return err
	}
	in, err := p.input(c.Context, given[0])
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read from
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	lookup, err := chooseLookup(cfg.Lookups, c.String("table"))
	if err != nil {
		return err
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	o.From, o.DryRun = c.String("key"), c.Bool("dry-run")
	o.Table, o.Key = s.pipeline.Names().Tables[lookup.Name], lookup.TableKey
	verb := "loading"
	if o.DryRun {
		verb = "checking"
	}
	size := p.measureOf(given)
	text, err := unpacked(given[0], size.over(in))
	if err != nil {
		return err
	}
	shown := p.out.bar(verb, size.total)
	defer shown.stop()
	o.Observe = func(now items.Progress) {
		read := size.read.Load()
		shown.show(transferred{input: read, thing: "item", count: now.Loaded, bytes: read, throttled: now.Unprocessed, rejected: now.Rejected})
	}
	report, err := items.Load(c.Context, dynamodb.NewFromConfig(s.sdk), text, o)
	shown.stop()
	d := loadDocument{Table: o.Table, Loaded: report.Loaded, DryRun: o.DryRun, Rejected: []rejectionDocument{}}
	for _, r := range report.Rejected {
		d.Rejected = append(d.Rejected, rejectionDocument{Line: r.Line, Reason: r.Reason})
	}
	p.tellRejected(d.Rejected, "loaded")
	if err != nil {
		return p.loadFailure(err, d)
	}
	return p.reportLoad(d)
}

// loadOptions reads the flags that do not need the pipeline.
func loadOptions(c *cli.Context, file string) (items.Options, error) {
	var o items.Options
	var err error
	if o.Types, err = items.ParseTypes(c.String("types")); err != nil {
		return o, failf("--types: %w", err)
	}
	if o.Format = c.String("format"); o.Format == "" {
		if file == "-" {
			return o, failf("stdin has no name that tells its format").hint("name it: --format csv, ndjson or json")
		}
		if o.Format, err = items.FormatOf(file); err != nil {
			return o, failf("%w", err).hint("name the format: --format csv, ndjson or json")
		}
		return o, nil
	}
	formats := []string{"csv", "ndjson", "json"}
	if !slices.Contains(formats, o.Format) {
		f := failf("--format %s: the formats are %s", o.Format, strings.Join(formats, ", "))
		if near := config.Suggest(o.Format, formats); near != "" {
			return o, f.hint("did you mean %s?", near)
		}
		return o, f
	}
	return o, nil
}

// chooseLookup finds the lookup that --table names.
func chooseLookup(lookups []config.Lookup, wanted string) (config.Lookup, error) {
	var all []string
	for _, l := range lookups {
		if l.Name == wanted {
			return l, nil
		}
		all = append(all, l.Name)
	}
	switch {
	case len(lookups) == 0:
		return config.Lookup{}, failf("the configuration has no lookups")
	case wanted == "" && len(lookups) == 1:
		return lookups[0], nil
	case wanted == "":
		return config.Lookup{}, failf("there are several lookups: %s", strings.Join(all, ", ")).hint("choose one with --table")
	}
	f := failf("there is no lookup %s; there are: %s", wanted, strings.Join(all, ", "))
	if near := config.Suggest(wanted, all); near != "" {
		return config.Lookup{}, f.hint("did you mean --table %s?", near)
	}
	return config.Lookup{}, f
}

func (p *program) loadFailure(err error, d loadDocument) error {
	if d.Loaded == 0 {
		err = p.notDeployed(err, "ResourceNotFoundException")
	}
	f := &fault{message: err.Error(), cause: err, details: d}
	if d.Loaded == 0 || d.DryRun {
		return f
	}
	return f.hint("%s written; loading the file again replaces them and goes on", count(d.Loaded, "item was", "items were"))
}

func (p *program) reportLoad(d loadDocument) error {
	err := p.out.summary(d, func(page *page) {
		if d.DryRun {
			page.line("%s: %s would be written into %s", page.c.good("checked"), count(d.Loaded, "item"), d.Table)
		} else {
			page.line("%s %s into %s", page.c.good("loaded"), count(d.Loaded, "item"), d.Table)
		}
		if len(d.Rejected) > 0 {
			page.line("%s %s", page.c.bad("rejected"), count(len(d.Rejected), "line"))
		}
	})
	if err == nil && len(d.Rejected) > 0 {
		return exit(exitFailed)
	}
	return err
}
