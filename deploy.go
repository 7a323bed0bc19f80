package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"enrich/engine"
	"enrich/pipeline"
	"enrich/state"
)

func (p *program) deployCommand() *cli.Command {
	return &cli.Command{
		Name:  "deploy",
		Usage: "creates the pipeline, or brings it up to date",
		Description: about(`
Creates what is missing and changes what differs from the configuration, and
nothing else: a second deploy has nothing to do. A deploy that was interrupted
continues when it is run again. On a terminal it shows what it would change and
asks. Without one, creations and changes in place go ahead, and what would lose
data needs --yes: replacing a resource, deleting a table, lowering a retention,
switching off deletion protection or point-in-time recovery, adopting. Before the
first change it checks whether the caller may make all of them and whether the
account's quotas suffice. A pipeline that another tool has deployed from an export
is refused, unless --adopt takes it over.`,
			"enrich --local deploy", "enrich deploy", "enrich deploy -e prod --profile work --yes", "enrich deploy --code-only", "enrich deploy -c orders.yaml -o json"),
		Flags: append(wishFlags(),
			&cli.BoolFlag{Name: "code-only", Usage: "change the function's code and nothing else"},
			forceUnlock(),
		),
		Action: p.bounded(p.deploy),
	}
}

func (p *program) deploy(c *cli.Context) (err error) {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	ctx, w := c.Context, wishOf(c)
	if c.Bool("code-only") && w != (wish{}) {
		return failf("--code-only changes the function's code and nothing else; it does not go with --adopt or --delete-data")
	}
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

	if c.Bool("code-only") {
		return p.deployCode(ctx, s, store)
	}
	document := store.Document()
	p.tellUnfinished(&document)
	p.out.note("deploying %s as %s", s.describe(), s.caller)
	shown := p.out.progress("reading what exists")
	defer shown.end()
	engine := s.engine(store, nil, shown.observe)
	compared, err := p.compare(ctx, s, engine, &document, w)
	if err := p.preflight(ctx, s, compared.plan, err); err != nil {
		return err
	}
	if err := p.agree(ctx, s, engine, shown, compared.plan); err != nil {
		return err
	}
	report, err := engine.Apply(ctx, compared.plan)
	shown.end()
	if err != nil {
		return deployFailure(err, report, store.Document(), w)
	}
	outputs := s.outputs()
	if err := store.SetOutputs(outputs); err != nil {
		return err
	}
	if err := compared.settle(store); err != nil {
		return err
	}
	return p.reportDeploy(report, outputs, compared)
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

// deployFailure says what exists now, and that a rerun is safe. What was to be
// adopted may not have the pipeline's tags yet, and a destroy refuses that.
func deployFailure(err error, report *engine.Report, document state.Document, w wish) error {
	again, instead := "run enrich deploy again to continue", ", or enrich destroy to remove everything"
	if w.adopt {
		again, instead = "run enrich deploy --adopt again to continue", "; until then enrich destroy refuses what is not taken over yet"
	}
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
		f.hints = append(f.hints, text+"; "+again+instead)
	} else {
		f.hints = append(f.hints, "nothing was created; "+again)
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
func (p *program) reportDeploy(report *engine.Report, outputs map[string]string, compared *comparison) error {
	d := deployDocument{
		Changed: !compared.plan.Empty(), Resources: results(report), Outputs: outputs,
		ElapsedMS: report.Elapsed.Milliseconds(), Timing: timing(report), Kept: founds(compared.kept),
	}
	for _, r := range compared.kept {
		p.out.warning("%s %s is no longer in the configuration; it is kept (--delete-data deletes it)", r.Kind(), r.Name())
	}
	for _, address := range pipeline.Asked(report) {
		p.out.note("AWS sends %s a mail: alarms reach it once the link in it has been followed, within 48 hours", address)
	}
	return p.out.summary(d, func(page *page) {
		if d.Changed {
			page.line("%s %s in %s", page.c.good("deployed:"), phaseCounts(report, engine.Created, engine.Updated, engine.Replaced, engine.Deleted, engine.Unchanged), seconds(report.Elapsed))
		} else {
			page.line("%s %s as configured", page.c.good("nothing to change:"), countAre(len(report.Results)))
		}
		printAdopted(page, report)
		printRepairs(page, report)
		printTiming(page, report, p.out.verbose)
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
