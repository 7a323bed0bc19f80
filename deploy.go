package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"enrich/engine"
	"enrich/state"
)

func (p *program) deployCommand() *cli.Command {
	return &cli.Command{
		Name:  "deploy",
		Usage: "creates the pipeline, or brings it up to date",
		Description: about(`
Creates what is missing and changes what differs from the configuration, and
nothing else: a second deploy has nothing to do. A deploy that was interrupted
continues when it is run again. What has to be replaced, with what is in it, is
shown and asks first (--yes confirms beforehand).`,
			"enrich --local deploy", "enrich deploy", "enrich deploy -e prod --profile work", "enrich deploy -c orders.yaml -o json"),
		Flags:  []cli.Flag{forceUnlock()},
		Action: p.bounded(p.deploy),
	}
}

func (p *program) deploy(c *cli.Context) (err error) {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	ctx := c.Context
	if err := p.needCode(); err != nil {
		return err
	}
	s, err := p.open(ctx)
	if err != nil {
		return err
	}
	store, err := s.lock(ctx, c.Bool("force-unlock"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	document := store.Document()
	p.tellUnfinished(&document)
	p.out.note("deploying %s", s.describe())
	shown := p.out.progress("reading what exists")
	defer shown.end()
	engine := s.engine(store, nil, shown.observe)
	plan, kept, err := p.compare(ctx, s, engine, &document)
	if err != nil {
		return err
	}
	if err := p.confirmReplacements(ctx, shown, plan); err != nil {
		return err
	}
	report, err := engine.Apply(ctx, plan)
	shown.end()
	if err != nil {
		return deployFailure(err, report, store.Document())
	}
	outputs := s.outputs()
	if err := store.SetOutputs(outputs); err != nil {
		return err
	}
	if err := remember(store, kept); err != nil {
		return err
	}
	return p.reportDeploy(plan, report, outputs, kept)
}

// needCode refuses a build without archives before anything is asked of AWS.
func (p *program) needCode() error {
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	s := &session{cfg: cfg}
	if err := s.readCode(p.archives); err != nil {
		return err
	}
	return s.needCode()
}

// remember records what was found by its tags alone.
func remember(store *state.Store, found []engine.Resource) error {
	for _, r := range found {
		if _, known := store.Get(r.Key()); known {
			continue
		}
		entry := state.Resource{Key: r.Key(), Kind: r.Kind(), Name: r.Name(), ID: r.Name(), ARN: r.ARN(), Phase: state.Created}
		if err := store.Put(entry); err != nil {
			return err
		}
	}
	return nil
}

// tellUnfinished says that this run goes on where another one was stopped.
func (p *program) tellUnfinished(document *state.Document) {
	var done, unfinished []string
	for _, r := range document.Resources {
		if r.Phase == state.Created {
			done = append(done, r.Kind)
		} else {
			unfinished = append(unfinished, fmt.Sprintf("%s %s", r.Kind, r.Name))
		}
	}
	if len(unfinished) > 0 {
		p.out.note("the last run was interrupted: %s finished, %s not; this run continues",
			count(len(done), "resource was", "resources were"), strings.Join(unfinished, ", "))
	}
}

// confirmReplacements asks before anything goes, with what is in it.
func (p *program) confirmReplacements(ctx context.Context, shown *progress, plan *engine.Plan) error {
	var names []string
	for _, step := range plan.Steps {
		if step.Action != engine.Replace {
			continue
		}
		name := fmt.Sprintf("%s %s", step.Resource.Kind(), step.Resource.Name())
		if protected(step.Observed) {
			return failf("%s would have to be replaced, but is protected against deletion; nothing was changed", name).
				with("Protected", map[string]any{"tables": []string{step.Resource.Name()}}).
				hint("give the lookup another name: it gets a table of its own, and the old one stays")
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil
	}
	shown.pause(func() {
		for _, step := range plan.Steps {
			if step.Action == engine.Replace {
				p.out.say(stepText(p.out.e, step))
			}
		}
	})
	defer shown.pause(nil)
	return p.confirm(ctx, "replacing "+strings.Join(names, ", ")+", with what is in it,", "replace")
}

// planFailure adds what to do about what stops a run before it changes
// anything.
func planFailure(err error) error {
	foreign, ok := errors.AsType[*engine.ForeignError](err)
	if !ok {
		return err
	}
	var found []foundDocument
	for _, f := range foreign.Found {
		found = append(found, foundDocument{Key: f.Resource.Key(), Kind: f.Resource.Kind(), Name: f.Resource.Name(), ARN: f.Observed.ARN})
	}
	wrapped := &fault{message: err.Error(), cause: err, code: "NotOurs", details: map[string]any{"resources": found}}
	return wrapped.hint("their names are those of this pipeline, but their tags are not; choose another --name, or remove them")
}

// deployFailure says what exists now, and that a rerun is safe.
func deployFailure(err error, report *engine.Report, document state.Document) error {
	f := &fault{message: err.Error(), cause: err}
	failed, ok := errors.AsType[*engine.FailedError](err)
	if ok {
		f.message = failureText(failed)
	}
	exist := slices.DeleteFunc(slices.Clone(document.Resources), func(r state.Resource) bool { return r.Phase != state.Created })
	begun := len(document.Resources) - len(exist)
	if len(document.Resources) > 0 {
		text := fmt.Sprintf("%s exist", count(len(exist), "resource"))
		if len(exist) == 1 {
			text = "1 resource exists"
		}
		if begun > 0 {
			text += fmt.Sprintf(", %s begun", count(begun, "more was", "more were"))
		}
		f.hints = append(f.hints, text+"; run enrich deploy again to continue, or enrich destroy to remove everything")
	} else {
		f.hints = append(f.hints, "nothing was created; run enrich deploy again to continue")
	}
	if report != nil {
		f.details = map[string]any{"resources": results(report)}
	}
	return f
}

// failureText tells what failed, one resource a line.
func failureText(failed *engine.FailedError) string {
	var lines []string
	if failed.Interrupted != nil {
		lines = append(lines, ending(failed.Interrupted))
	}
	for _, r := range failed.Failed {
		if failed.Interrupted == nil || !ended(r.Err) {
			lines = append(lines, r.Err.Error())
		}
	}
	return strings.Join(lines, "\n       ")
}

// count puts a number before a word: "1 resource", "2 resources".
func count(n int, word string, plural ...string) string {
	switch {
	case n == 1:
	case len(plural) > 0:
		word = plural[0]
	default:
		word += "s"
	}
	return fmt.Sprintf("%d %s", n, word)
}

// reportDeploy tells what was done and what can be done now.
func (p *program) reportDeploy(plan *engine.Plan, report *engine.Report, outputs map[string]string, kept []engine.Resource) error {
	d := deployDocument{
		Changed: !plan.Empty(), Resources: results(report), Outputs: outputs,
		ElapsedMS: report.Elapsed.Milliseconds(), Kept: []foundDocument{},
	}
	for _, r := range kept {
		d.Kept = append(d.Kept, foundDocument{Key: r.Key(), Kind: r.Kind(), Name: r.Name(), ARN: r.ARN()})
	}
	for _, r := range kept {
		p.out.warning("%s %s is no longer in the configuration; it is kept", r.Kind(), r.Name())
	}
	return p.out.summary(d, func(page *page) {
		if d.Changed {
			page.line("%s %s in %s", page.c.good("deployed:"), phaseCounts(report, engine.Created, engine.Updated, engine.Replaced, engine.Deleted, engine.Unchanged), seconds(report.Elapsed))
		} else {
			page.line("%s %s as configured", page.c.good("nothing to change:"), countAre(len(plan.Steps)))
		}
		printOutputs(page, outputs)
		if d.Changed {
			page.line("")
			page.line("next:")
			page.table([][]cell{
				{{text: p.again("test-event")}, {text: "send an event and see it enriched"}},
				{{text: p.again("status")}, {text: "see every resource"}},
				{{text: p.again("destroy")}, {text: "remove everything"}},
			})
		}
	})
}

func countAre(n int) string {
	if n == 1 {
		return "1 resource is"
	}
	return fmt.Sprintf("all %d resources are", n)
}

// again is a command line for the same pipeline.
func (p *program) again(command string) string {
	words := []string{"enrich"}
	for _, o := range p.line.Globals {
		switch o.Name {
		case "local", "config", "name", "environment", "region", "profile", "endpoint-url", "state-dir":
			words = append(words, quoted(o))
		}
	}
	return strings.Join(append(words, command), " ")
}

// quoted is a flag as it can be pasted into a shell.
func quoted(o option) string {
	if o.Switch || strings.HasPrefix(o.Value, "-") {
		return shellWord(o.String())
	}
	return "--" + o.Name + " " + shellWord(o.Value)
}

func shellWord(text string) string {
	plain := func(r rune) bool { return r > ' ' && r < 0x7f && !strings.ContainsRune("\"'`$&|;<>()*?[]{}!#~\\", r) }
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return !plain(r) }) {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return text
}
