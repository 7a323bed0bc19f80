package main

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"enrich/config"
)

// completeLine is the hidden command that the shells' scripts ask.
const completeLine = "complete-line"

func (p *program) completeLineCommand() *cli.Command {
	return &cli.Command{
		Name:   completeLine,
		Usage:  "prints what a word of a command line can be",
		Hidden: true,
		Description: about("The scripts of enrich completion ask it. The first line is words, files or directories.",
			"enrich complete-line --word=de --"),
		Flags:  []cli.Flag{&cli.StringFlag{Name: "word", Usage: "`WORD`: the part of it that is there"}},
		Action: p.completeWord,
	}
}

func (p *program) completeWord(c *cli.Context) error {
	found := p.complete(c.Args().Slice(), c.String("word"))
	page := &page{}
	page.line("%s", found.kind)
	for _, w := range found.words {
		page.line("%s", strings.TrimRight(w.text+"\t"+w.about, "\t"))
	}
	return p.out.live([]byte(strings.TrimSuffix(page.String(), "\n")))
}

// Kinds of answers.
const (
	theseWords  = "words"
	files       = "files" // which the shell knows
	directories = "directories"
)

// choices are what a word can be.
type choices struct {
	kind  string
	words []completed
}

type completed struct{ text, about string }

// complete tells what the next word of a command line can be of which a part is
// there.
func (p *program) complete(before []string, part string) choices {
	app := p.app()
	a := arranger{app: app}
	a.find(before)
	given, _ := arrange(app, before) // what is wrong in the line so far is not for a Tab to tell
	p.line = given                   // settings are looked up with its flags
	ended := slices.Contains(before, "--")
	if !ended && len(before) > 0 {
		if f := a.waiting(before[len(before)-1]); f != nil {
			return p.valueOf(f).with("", part)
		}
	}
	if !ended && strings.HasPrefix(part, "-") {
		name, value, found := strings.Cut(part, "=")
		if f := a.anywhere(name); found && f != nil {
			return p.valueOf(f).with(name+"=", value)
		}
		return a.flags(given).with("", part)
	}
	l := a.typed(before)
	switch {
	case len(l.Arguments) == 0 && (l.Command == nil || len(l.Command.Subcommands) > 0):
		return subcommands(app, l).with("", part)
	case l.Command == nil || l.Help:
		return choices{kind: theseWords}
	}
	return p.argument(l).with("", part)
}

// typed are the command and the arguments of a line that is not complete: a flag in
// front of its command is not known yet.
func (a *arranger) typed(words []string) line {
	var l line
	commands := a.app.Commands
	for i, ended := 0, false; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "--" && !ended:
			ended = true
		case !ended && len(word) > 1 && word[0] == '-':
			if !strings.Contains(word, "=") && a.anywhereTakesValue(word) {
				i++
			}
		case word == "help" && l.Command == nil && !l.Help:
			l.Help = true
		case len(l.Arguments) == 0 && named(commands, word) != nil:
			l.Command = named(commands, word)
			commands = l.Command.Subcommands
		default:
			l.Arguments = append(l.Arguments, word)
		}
	}
	return l
}

// with leaves the words that begin with what is there, behind what comes before it.
func (c choices) with(before, part string) choices {
	all := c.words
	c.words = nil
	for _, w := range all {
		if strings.HasPrefix(w.text, part) {
			c.words = append(c.words, completed{before + w.text, w.about})
		}
	}
	return c
}

// waiting is the flag that wants the next word for its value; nil if none does.
func (a *arranger) waiting(word string) cli.Flag {
	if len(word) < 2 || word[0] != '-' || strings.Contains(word, "=") || !a.anywhereTakesValue(word) {
		return nil
	}
	if f := a.anywhere(word); f != nil {
		return f
	}
	r, _ := utf8.DecodeLastRuneInString(word) // of a cluster
	return a.anywhere("-" + string(r))
}

// anywhere finds a flag also while its command is still to come.
func (a *arranger) anywhere(written string) cli.Flag {
	if f, _ := a.lookup(written); f != nil {
		return f
	}
	for _, c := range everyCommand(a.app.Commands) {
		if f := spelled(c.Flags, written); f != nil {
			return f
		}
	}
	return nil
}

// flags are those that the line can still take.
func (a *arranger) flags(l line) choices {
	given := map[string]bool{}
	for _, o := range append(slices.Clone(l.Globals), l.Options...) {
		given[o.Name] = true
	}
	var own []cli.Flag
	for _, c := range slices.Backward(a.path()) {
		own = append(own, c.Flags...)
	}
	found := choices{kind: theseWords}
	for _, f := range append(own, a.app.Flags...) {
		_, repeatable := f.(*cli.StringSliceFlag)
		if name := f.Names()[0]; repeatable || !given[name] {
			_, usage := unquote(usageOf(f))
			found.words = append(found.words, completed{dashed(name), usage})
		}
	}
	return found
}

func usageOf(f cli.Flag) string {
	if doc, ok := f.(cli.DocGenerationFlag); ok {
		return doc.GetUsage()
	}
	return ""
}

// subcommands are those that can follow.
func subcommands(app *cli.App, l line) choices {
	commands := app.Commands
	found := choices{kind: theseWords}
	if l.Command != nil {
		commands = l.Command.Subcommands
	}
	for _, c := range commands {
		if !c.Hidden {
			found.words = append(found.words, completed{c.Name, c.Usage})
		}
	}
	if l.Command == nil && !l.Help {
		found.words = append(found.words, completed{"help", "tells more about a command"})
	}
	return found
}

// listed is a flag's usage that says nothing but what its values are: "csv, ndjson
// or json (default: …)".
var listed = regexp.MustCompile(`^([a-z0-9_-]+(?:, [a-z0-9_-]+)*) or ([a-z0-9_-]+)(?: \(.*\))?$`)

// valueOf tells what a flag's value can be.
func (p *program) valueOf(f cli.Flag) choices {
	if !takesValue(f) {
		return choices{kind: theseWords, words: []completed{{"true", ""}, {"false", ""}}}
	}
	placeholder, usage := unquote(usageOf(f))
	if match := listed.FindStringSubmatch(usage); match != nil {
		found := choices{kind: theseWords}
		for _, value := range append(strings.Split(match[1], ", "), match[2]) {
			found.words = append(found.words, completed{value, ""})
		}
		return found
	}
	return p.standsFor(placeholder)
}

// argument tells what a command's next argument can be. Its ArgsUsage has the ways to
// call it, divided by |: words in small letters stand for themselves.
func (p *program) argument(l line) choices {
	found := choices{kind: theseWords}
	n := len(l.Arguments)
	for way := range strings.SplitSeq(strings.Trim(l.Command.ArgsUsage, "[]"), "|") {
		words := strings.Fields(way)
		if len(words) == 0 || !leads(words, l.Arguments) {
			continue
		}
		word, repeated := bare(words[min(n, len(words)-1)])
		switch {
		case n >= len(words) && !repeated:
		case strings.ToLower(word) == word:
			found.words = append(found.words, completed{word, ""})
		default:
			other := p.standsFor(word)
			found.words = append(found.words, other.words...)
			if other.kind != theseWords {
				found.kind = other.kind
			}
		}
	}
	if found.kind != theseWords {
		found.words = nil
	}
	return found
}

// leads tells whether arguments can be the beginning of a way to call a command.
func leads(way, arguments []string) bool {
	for i, given := range arguments {
		if i < len(way) && strings.ToLower(way[i]) == way[i] && way[i] != given {
			return false
		}
	}
	return true
}

// bare is a word of a usage without the dots that tell that it may be repeated.
func bare(word string) (plain string, repeated bool) {
	plain = strings.TrimSuffix(strings.TrimSuffix(word, "..."), "…")
	return plain, plain != word
}

// standsFor tells what the placeholder of a value stands for.
func (p *program) standsFor(placeholder string) choices {
	found := choices{kind: theseWords}
	switch placeholder {
	case "FILE":
		found.kind = files
	case "DIR":
		found.kind = directories
	case "REGION":
		for region := range strings.FieldsSeq(knownRegions) {
			found.words = append(found.words, completed{region, ""})
		}
	case "LOOKUP":
		cfg, err := p.settings()
		if err != nil {
			return found // a Tab is no place for it; the command will tell
		}
		for _, l := range cfg.Lookups {
			found.words = append(found.words, completed{l.Name, "by " + l.Key})
		}
	case "SETTING":
		for _, k := range config.Keys() {
			if k.Type != config.Section {
				found.words = append(found.words, completed{strings.Replace(k.Path, "[]", "[0]", 1), k.Doc})
			}
		}
	}
	return found
}
