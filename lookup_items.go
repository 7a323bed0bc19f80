package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/urfave/cli/v2"

	"enrich/items"
)

// tableFlag chooses among lookups.
func tableFlag() cli.Flag {
	return &cli.StringFlag{Name: "table", Usage: "`LOOKUP`: its name in the configuration (default: the first one)"}
}

// itemCommands work with what is in a lookup's table.
func (p *program) itemCommands() []*cli.Command {
	return []*cli.Command{{
		Name: "get", Usage: "prints the item with a key", ArgsUsage: "KEY",
		Description: about(`
Prints the item as JSON, as lookup load reads it. A binary key is written in base64.`,
			"enrich lookup get user_123", "enrich lookup get 42 --table products -o json"),
		Flags: []cli.Flag{tableFlag()}, Action: p.lookupGet,
	}, {
		Name: "put", Usage: "writes one item", ArgsUsage: "[NAME=VALUE…]",
		Description: about(`
Writes one item, the key among its attributes, in place of the one with the same
key. A VALUE is a string; --data takes values with their types.`,
			"enrich lookup put user_id=ada name='Ada Lovelace' segment=premium",
			`enrich lookup put --table products --data '{"id":12,"price":9.50,"colours":{"$string_set":["red"]}}'`),
		Flags: []cli.Flag{tableFlag(), &cli.StringFlag{Name: "data", Usage: "`JSON`: the whole item"}}, Action: p.lookupPut,
	}, {
		Name: "delete", Usage: "deletes the item with a key", ArgsUsage: "KEY",
		Description: about(`
Deletes one item. One that is not there is no failure.`,
			"enrich lookup delete user_123", "enrich lookup delete 42 --table products"),
		Flags: []cli.Flag{tableFlag()}, Action: p.lookupDelete,
	}, {
		Name: "list", Usage: "prints items, one a line",
		Description: about(`
Prints items as JSON, in DynamoDB's order, and says when there are more.`,
			"enrich lookup list", "enrich lookup list --limit 5 --table products"),
		Flags:  []cli.Flag{tableFlag(), &cli.IntFlag{Name: "limit", Usage: "`N`: print no more items than this (default: 100)", Value: 100}},
		Action: p.lookupList,
	}, {
		Name: "export", Usage: "writes every item into a file or to stdout", ArgsUsage: "[FILE|-]",
		Description: about(`
Writes newline-delimited JSON, which lookup load reads back as the same items:
{"$binary": …}, {"$string_set": …}, {"$number_set": …} and {"$binary_set": …} stand
for what JSON has no type for. The file appears when it is complete, for its owner
alone to read; one that is there keeps its mode.`,
			"enrich lookup export users.ndjson", "enrich lookup export --table products | gzip > products.ndjson.gz"),
		Flags: []cli.Flag{tableFlag()}, Action: p.lookupExport,
	}}
}

// lookupTable is the table that --table names, by its lookup's name and key.
func (p *program) lookupTable(c *cli.Context) (s *session, table, key string, err error) {
	cfg, err := p.settings()
	if err != nil {
		return nil, "", "", err
	}
	wanted := c.String("table")
	if wanted == "" && len(cfg.Lookups) > 0 {
		wanted = cfg.Lookups[0].Name
	}
	lookup, err := chooseLookup(cfg.Lookups, wanted)
	if err != nil {
		return nil, "", "", err
	}
	if s, err = p.open(c.Context); err != nil {
		return nil, "", "", err
	}
	return s, s.pipeline.Names().Tables[lookup.Name], lookup.TableKey, nil
}

func (p *program) openTable(c *cli.Context) (*items.Table, string, error) {
	s, name, key, err := p.lookupTable(c)
	if err != nil {
		return nil, "", err
	}
	table, err := items.Open(c.Context, dynamodb.NewFromConfig(s.sdk), name, key)
	return table, name, p.notDeployed(err, "ResourceNotFoundException")
}

func (p *program) lookupGet(c *cli.Context) error {
	given, err := takeArguments(c, "KEY")
	if err != nil {
		return err
	}
	table, name, err := p.openTable(c)
	if err != nil {
		return err
	}
	item, err := table.Get(c.Context, given[0])
	if err != nil {
		return err
	}
	if item == nil {
		return failf("lookup table (%s) has no item with the key %s", name, given[0]).with("NoSuchItem", nil)
	}
	return p.out.result(itemDocument{Table: name, Item: item}, func(page *page) { page.line("%s", page.shown(string(item))) })
}

// itemText is the item that the command line describes, on one line.
func itemText(data string, pairs []string) ([]byte, error) {
	switch {
	case data != "" && len(pairs) > 0:
		return nil, failf("--data is the whole item: it goes with no NAME=VALUE")
	case data != "":
		var line bytes.Buffer
		if err := json.Compact(&line, []byte(data)); err != nil {
			return nil, failf("--data is not valid JSON: %w", err)
		}
		return line.Bytes(), nil
	case len(pairs) == 0:
		return nil, failf("enrich lookup put: no item").hint("give it as NAME=VALUE… or as --data JSON")
	}
	item, wrong := map[string]string{}, []string{}
	for _, pair := range pairs {
		name, value, found := strings.Cut(pair, "=")
		if _, twice := item[name]; !found || name == "" {
			wrong = append(wrong, fmt.Sprintf("%q is not NAME=VALUE", pair))
		} else if twice {
			wrong = append(wrong, fmt.Sprintf("%s is given twice", name))
		}
		item[name] = value
	}
	if len(wrong) > 0 {
		return nil, failf("enrich lookup put: %s", strings.Join(wrong, "; "))
	}
	return json.Marshal(item)
}

func (p *program) lookupPut(c *cli.Context) error {
	text, err := itemText(c.String("data"), c.Args().Slice())
	if err != nil {
		return err
	}
	s, table, key, err := p.lookupTable(c)
	if err != nil {
		return err
	}
	report, err := items.Load(c.Context, dynamodb.NewFromConfig(s.sdk), bytes.NewReader(text), items.Options{Table: table, Key: key, Format: items.NDJSON})
	if err != nil {
		return p.notDeployed(err, "ResourceNotFoundException")
	}
	if len(report.Rejected) > 0 {
		return failf("the item cannot be stored: %s", report.Rejected[0].Reason)
	}
	return p.out.summary(loadDocument{Table: table, Loaded: report.Loaded, Rejected: []rejectionDocument{}}, func(page *page) {
		page.line("%s 1 item into %s", page.c.good("put"), table)
	})
}

func (p *program) lookupDelete(c *cli.Context) error {
	given, err := takeArguments(c, "KEY")
	if err != nil {
		return err
	}
	table, name, err := p.openTable(c)
	if err != nil {
		return err
	}
	d := deletedDocument{Table: name, Key: given[0]}
	if d.Deleted, err = table.Delete(c.Context, given[0]); err != nil {
		return err
	}
	return p.out.summary(d, func(page *page) {
		if d.Deleted {
			page.line("%s %s from %s", page.c.good("deleted"), given[0], name)
			return
		}
		page.line("nothing to delete: %s has no item with the key %s", name, given[0])
	})
}

func (p *program) lookupList(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	limit := c.Int("limit")
	if limit < 1 {
		return failf("--limit %d: a limit is 1 or more", limit)
	}
	table, name, err := p.openTable(c)
	if err != nil {
		return err
	}
	return p.printItems(c, table, name, limit)
}

// printItems prints no more items than the limit; 0: all.
func (p *program) printItems(c *cli.Context, table *items.Table, name string, limit int) error {
	list := p.out.list("items")
	for item, err := range table.All(c.Context) {
		if err != nil {
			return list.broken(err)
		}
		if limit > 0 && list.count == limit {
			p.out.note("%s has more items than these %d; enrich lookup export prints all", name, limit)
			break
		}
		if err := list.add(item); err != nil {
			return err
		}
	}
	if list.count == 0 {
		p.out.note("%s has no items", name)
	}
	return list.end()
}

func (p *program) lookupExport(c *cli.Context) error {
	if c.Args().Len() > 1 {
		_, err := takeArguments(c, "FILE")
		return err
	}
	table, name, err := p.openTable(c)
	if err != nil {
		return err
	}
	if !c.Args().Present() || c.Args().First() == "-" {
		return p.printItems(c, table, name, 0)
	}
	d := exportDocument{Table: name, File: c.Args().First()}
	set, stop := p.out.spinner("exporting")
	defer stop()
	d.Exported, err = exportTo(c, table, d.File, func(n int) { set(fmt.Sprintf("exporting: %d items", n)) })
	stop()
	if err != nil {
		return err
	}
	return p.out.summary(d, func(page *page) {
		page.line("%s %s of %s into %s", page.c.good("exported"), count(d.Exported, "item"), name, d.File)
	})
}
