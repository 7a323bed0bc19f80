package main

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"enrich/config"
)

// line is a command line in order: what belongs to the program, what belongs to
// the command, and the command's own arguments.
type line struct {
	Globals   []option
	Path      []string // "local", "start"
	Command   *cli.Command
	Options   []option
	Arguments []string
	Help      bool
	Version   bool
}

// option is one flag as it was given.
type option struct {
	Name  string // the flag's long name
	Value string
	Bare  bool // without a value
	// Switch tells that the flag takes a value only behind an equals sign.
	Switch bool
}

func (o option) String() string {
	if o.Bare {
		return "--" + o.Name
	}
	return "--" + o.Name + "=" + o.Value
}

// arguments is the line as urfave/cli reads it: every flag before the command
// or right behind it, and a "--" so that no argument is taken for a flag.
func (l line) arguments(program string) []string {
	words := []string{program}
	for _, o := range l.Globals {
		words = append(words, o.String())
	}
	words = append(words, l.Path...)
	for _, o := range l.Options {
		words = append(words, o.String())
	}
	return append(append(words, "--"), l.Arguments...)
}

// global gives the value of a global flag as the command line has it; the last
// one wins.
func (l line) global(name string) (string, bool) {
	for _, o := range slices.Backward(l.Globals) {
		if o.Name == name {
			return o.Value, true
		}
	}
	return "", false
}

// arrange puts a command line in order. urfave/cli stops looking for flags at
// the first argument and knows global flags only before the command; people
// write them anywhere.
//
// The line is complete even when there is an error, which is the first one met:
// so how an error is to be printed can be read from the line that has it.
func arrange(app *cli.App, words []string) (line, error) {
	a := arranger{app: app}
	a.find(words)
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case word == "--":
			for _, rest := range words[i+1:] {
				a.argument(rest)
			}
			i = len(words)
		case len(word) > 1 && word[0] == '-':
			i += a.flag(word, words[i+1:])
		default:
			a.argument(word)
		}
	}
	a.finish()
	return a.line, a.err
}

// arranger is the state of one arrangement.
type arranger struct {
	app     *cli.App
	line    line
	err     error
	command *cli.Command // found by the first look over the words
	walked  *cli.Command // as far as the words have been taken
	asking  bool         // "help" was the first word
}

func (a *arranger) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

// find looks for the command, so that flags in front of it can be told from the
// values of flags.
func (a *arranger) find(words []string) {
	commands := a.app.Commands
	for i := 0; i < len(words) && words[i] != "--"; i++ {
		word := words[i]
		if len(word) > 1 && word[0] == '-' {
			if name, _, given := strings.Cut(word, "="); !given && a.anywhereTakesValue(name) {
				i++
			}
			continue
		}
		if word == "help" && a.command == nil {
			continue
		}
		next := named(commands, word)
		if next == nil {
			return
		}
		a.command, commands = next, next.Subcommands
	}
}

// argument takes a word that is no flag: a part of the command's name as long
// as there are commands to choose from, then an argument.
func (a *arranger) argument(word string) {
	commands := a.app.Commands
	if a.walked != nil {
		commands = a.walked.Subcommands
	}
	if len(commands) == 0 {
		a.line.Arguments = append(a.line.Arguments, word)
		return
	}
	if word == "help" && len(a.line.Path) == 0 && !a.asking {
		a.asking, a.line.Help = true, true
		return
	}
	next := named(commands, word)
	if next == nil {
		a.fail(unknownCommand(a.line.Path, word, commands))
		a.line.Arguments = append(a.line.Arguments, word)
		return
	}
	a.walked = next
	a.line.Path = append(a.line.Path, next.Name)
}

// flag takes one word that begins with a dash and tells how many of the
// following words it used up.
func (a *arranger) flag(word string, following []string) int {
	name, value, given := strings.Cut(word, "=")
	if flag, global := a.lookup(name); flag != nil {
		return a.take(flag, global, name, value, given, following)
	}
	if !strings.HasPrefix(word, "--") {
		if used, ok := a.cluster(word, following); ok {
			return used
		}
	}
	a.fail(a.unknownFlag(name))
	return 0
}

// take records a known flag with its value.
func (a *arranger) take(flag cli.Flag, global bool, name, value string, given bool, following []string) int {
	o, used := option{Name: flag.Names()[0], Value: value, Switch: !takesValue(flag)}, 0
	switch {
	case given:
	case o.Switch:
		o.Bare, o.Value = true, "true"
	case len(following) == 0:
		a.fail(failf("flag %s needs a value", name))
		return 0
	case following[0] == "--" || a.isFlag(following[0]):
		a.fail(failf("flag %s needs a value, but what follows is %s", name, following[0]).
			hint("if %s is the value, write %s=%s", following[0], name, following[0]))
		return 0
	default:
		o.Value, used = following[0], 1
	}
	if !o.Bare {
		a.fail(misfit(flag, "flag "+name, o.Value))
	}
	a.record(o, global)
	return used
}

func (a *arranger) record(o option, global bool) {
	switch {
	case o.Name == "help":
		a.line.Help = a.line.Help || o.Value != "false"
	case o.Name == "version":
		a.line.Version = a.line.Version || o.Value != "false"
	case global:
		a.line.Globals = append(a.line.Globals, o)
	default:
		a.line.Options = append(a.line.Options, o)
	}
}

// cluster takes several short flags in one word, the last of which may have a
// value: -qy, -yojson, -yo json.
func (a *arranger) cluster(word string, following []string) (used int, ok bool) {
	var options []option
	var globals []bool
	for i := 1; i < len(word); {
		r, size := utf8.DecodeRuneInString(word[i:])
		flag, global := a.lookup("-" + string(r))
		if flag == nil || r == utf8.RuneError {
			return 0, false
		}
		i += size
		o := option{Name: flag.Names()[0], Bare: true, Value: "true", Switch: true}
		if takesValue(flag) {
			o.Bare, o.Switch, o.Value = false, false, strings.TrimPrefix(word[i:], "=")
			if i == len(word) {
				for n := range options {
					a.record(options[n], globals[n])
				}
				return a.take(flag, global, "-"+string(r), "", false, following), true
			}
			i = len(word)
		}
		options, globals = append(options, o), append(globals, global)
	}
	for n := range options {
		a.record(options[n], globals[n])
	}
	return 0, true
}

// finish checks what can only be known at the end.
func (a *arranger) finish() {
	a.line.Command = a.walked
	if a.line.Help || a.line.Version || a.err != nil {
		return
	}
	if a.walked != nil && len(a.walked.Subcommands) > 0 {
		name := strings.Join(a.line.Path, " ")
		a.fail(failf("%s needs one of: %s", name, strings.Join(names(a.walked.Subcommands), ", ")).
			hint("enrich %s --help tells what each of them does", name))
	}
}

// lookup finds a flag by the name it was written with, dashes included.
func (a *arranger) lookup(written string) (flag cli.Flag, global bool) {
	if f := spelled(a.app.Flags, written); f != nil {
		return f, true
	}
	for _, c := range a.path() {
		if f := spelled(c.Flags, written); f != nil {
			return f, false
		}
	}
	return nil, false
}

// path lists the commands that were found, outermost first.
func (a *arranger) path() []*cli.Command {
	if a.command == nil {
		return nil
	}
	for _, c := range a.app.Commands {
		if c == a.command {
			return []*cli.Command{c}
		}
		if slices.Contains(c.Subcommands, a.command) {
			return []*cli.Command{c, a.command}
		}
	}
	return nil
}

// isFlag tells whether a word is a flag of this line rather than a value with
// a dash in front, such as a negative number.
func (a *arranger) isFlag(word string) bool {
	name, _, _ := strings.Cut(word, "=")
	flag, _ := a.lookup(name)
	return flag != nil
}

// anywhereTakesValue tells whether a flag, or the last of a cluster of short
// ones, wants the next word. A name means the same in every command; a test
// holds that.
func (a *arranger) anywhereTakesValue(written string) bool {
	lists := [][]cli.Flag{a.app.Flags}
	for _, c := range everyCommand(a.app.Commands) {
		lists = append(lists, c.Flags)
	}
	one := func(written string) (takes, known bool) {
		for _, flags := range lists {
			if f := spelled(flags, written); f != nil {
				return takesValue(f), true
			}
		}
		return false, false
	}
	if takes, known := one(written); known || strings.HasPrefix(written, "--") {
		return takes
	}
	for i, r := range written[1:] {
		if takes, known := one("-" + string(r)); !known || takes {
			return takes && 1+i+utf8.RuneLen(r) == len(written)
		}
	}
	return false
}

// unknownFlag is the error for a flag that this command does not have.
func (a *arranger) unknownFlag(written string) error {
	known := spellings(a.app.Flags)
	owner := ""
	for _, c := range a.path() {
		known, owner = append(known, spellings(c.Flags)...), strings.TrimSpace(owner+" "+c.Name)
	}
	err := failf("unknown flag %s", written)
	if bare := strings.TrimLeft(written, "-"); utf8.RuneCountInString(bare) > 1 && slices.Contains(known, "--"+bare) {
		return err.hint("did you mean --%s?", bare)
	}
	if near := config.Suggest(written, known); near != "" {
		return err.hint("did you mean %s?", near)
	}
	for _, c := range everyCommand(a.app.Commands) {
		if spelled(c.Flags, written) != nil && !c.Hidden {
			return err.hint("%s is a flag of enrich %s", written, commandPath(a.app, c))
		}
	}
	return err.hint("enrich %s lists the flags", strings.TrimSpace(owner+" --help"))
}

func unknownCommand(path []string, word string, commands []*cli.Command) error {
	err := failf("unknown command %s", strings.Join(append(slices.Clone(path), word), " "))
	if near := config.Suggest(word, names(commands)); near != "" {
		return err.hint("did you mean enrich %s?", strings.Join(append(slices.Clone(path), near), " "))
	}
	return err.hint("%s lists the commands", strings.Join(append(append([]string{"enrich"}, path...), "--help"), " "))
}

// takeArguments checks the number of a command's arguments against their names.
func takeArguments(c *cli.Context, wanted ...string) ([]string, error) {
	given := c.Args().Slice()
	if len(given) < len(wanted) {
		return nil, failf("%s: missing argument %s", c.Command.HelpName, wanted[len(given)]).
			hint("%s --help shows examples", c.Command.HelpName)
	}
	if len(given) > len(wanted) {
		return nil, failf("%s: unexpected argument %s", c.Command.HelpName, given[len(wanted)]).
			hint("%s --help shows what it takes", c.Command.HelpName)
	}
	return given, nil
}
