package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/urfave/cli/v2"

	"enrich/emulator"
)

func (p *program) localFaultsCommand() *cli.Command {
	return &cli.Command{
		Name:      "faults",
		Usage:     "shows or changes what goes wrong on the emulator that runs",
		ArgsUsage: "[set RULE... | clear]",
		Description: about(`
Without an argument it shows the rules with how many calls each was asked about
and how many it struck. set puts rules in the place of all that there were;
clear ends them. A rule is SERVICE[.OPERATION]:KIND[,rate=][,skip=][,limit=]
[,after=][,for=] with * for all services, and one of the kinds throttle, error,
reset, lost, delay=TIME, unprocessed, kill and kill-after.`,
			"enrich local faults", "enrich local faults set dynamodb.BatchGetItem:throttle,rate=0.2 '*:delay=80ms'",
			"enrich local faults set s3:error,after=10s,for=30s", "enrich local faults clear"),
		Flags: []cli.Flag{
			&cli.Uint64Flag{Name: "seed", Usage: "`N`: of the chance that the rates of set stand for (default: 0)", DefaultText: ""},
		},
		Action: p.localFaults,
	}
}

func (p *program) localFaults(c *cli.Context) error {
	words := c.Args().Slice()
	method, change, err := faultsChange(c, words)
	if err != nil {
		return err
	}
	running, _, err := p.place().find(c.Context)
	if err != nil {
		return err
	}
	d := faultsDocument{Rules: []emulator.RuleReport{}}
	if running != nil {
		if d, err = askFaults(c.Context, running.Endpoint, method, change); err != nil {
			return err
		}
	} else if method == http.MethodPut {
		return failf("no emulator is running").hint("start one with faults: enrich local start --fault %s", words[1])
	}
	show := p.out.result
	if method != http.MethodGet {
		show = p.out.summary
	}
	return show(d, d.text)
}

// faultsChange is what the words of the command ask for.
func faultsChange(c *cli.Context, words []string) (method string, change any, err error) {
	seeded := func(word string) error {
		if c.IsSet("seed") {
			return failf("--seed is for enrich local faults set, not for %s", word)
		}
		return nil
	}
	switch {
	case len(words) == 0:
		return http.MethodGet, nil, seeded("showing them")
	case words[0] == "clear" && len(words) == 1:
		return http.MethodDelete, nil, seeded("clear")
	case words[0] == "set" && len(words) == 1:
		return "", nil, failf("enrich local faults set: missing argument RULE").hint("enrich local faults clear ends all faults")
	case words[0] == "set":
		_, err := parseFaults("rule", words[1:])
		err = together(err)
		return http.MethodPut, map[string]any{"version": 1, "seed": c.Uint64("seed"), "rules": words[1:]}, err
	}
	return "", nil, failf("enrich local faults: unexpected argument %s", words[len(words)-1]).hint("it takes set RULE..., clear, or nothing")
}

// faultsDocument is the command's answer.
type faultsDocument struct {
	Running bool                  `json:"running"` // false: no emulator runs
	Seed    uint64                `json:"seed"`    // of the dice
	Rules   []emulator.RuleReport `json:"rules"`   // what goes wrong
}

func (d faultsDocument) text(page *page) {
	switch {
	case !d.Running:
		page.line("no emulator is running")
		return
	case len(d.Rules) == 0:
		page.line("no faults are set")
		return
	}
	page.line("%s, seed %d", count(len(d.Rules), "fault"), d.Seed)
	rows := [][]cell{{{text: "rule", paint: page.c.faint}, {text: "calls", paint: page.c.faint}, {text: "struck", paint: page.c.faint}}}
	for _, r := range d.Rules {
		rows = append(rows, []cell{{text: r.Rule}, {text: fmt.Sprint(r.Calls)}, {text: fmt.Sprint(r.Struck)}})
	}
	page.table(rows)
}

// askFaults sends a request to the control address of an emulator that runs.
func askFaults(ctx context.Context, endpoint, method string, change any) (faultsDocument, error) {
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	var d faultsDocument
	body, err := json.Marshal(change)
	if err != nil {
		return d, fmt.Errorf("writing the faults: %w", err)
	}
	response, err := control(ctx, method, endpoint+"/_enrich/faults", bytes.NewReader(body))
	if err != nil {
		return d, failf("asking the emulator at %s for its faults: %w", endpoint, err)
	}
	defer func() { _ = response.Body.Close() }() // only read from
	answer, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return d, failf("asking the emulator at %s for its faults: %w", endpoint, err)
	case response.StatusCode == http.StatusNotFound:
		return d, failf("the emulator at %s is of another version, without faults", endpoint).hint("stop it and start it again")
	case response.StatusCode == http.StatusBadRequest:
		var refused emulator.Problems
		if err := json.Unmarshal(answer, &refused); err == nil && len(refused.Problems) > 0 {
			return d, failf("%s", strings.Join(refused.Problems, "\n       "))
		}
	}
	d.Running = true
	if err := json.Unmarshal(answer, &d); err != nil || response.StatusCode != http.StatusOK {
		return d, failf("the emulator at %s answered with %s to a question for its faults", endpoint, response.Status)
	}
	return d, nil
}
