package main

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/urfave/cli/v2"
)

// testApp is the real command table, printing nowhere.
func testApp() *cli.App {
	p := &program{
		streams:  streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard},
		archives: fstest.MapFS{},
		getenv:   func(string) string { return "" },
	}
	return p.app()
}

func TestArrange(t *testing.T) {
	app := testApp()
	for _, test := range []struct{ given, want string }{
		{"deploy", "enrich deploy --"},
		{"--local deploy", "enrich --local deploy --"},
		{"deploy --local", "enrich --local deploy --"},
		{"put events.ndjson --local", "enrich --local put -- events.ndjson"},
		{"put --key user_id events.ndjson -o json", "enrich --output=json put --key=user_id -- events.ndjson"},
		{"--key user_id put events.ndjson", "enrich put --key=user_id -- events.ndjson"},
		{"--key put put events.ndjson", "enrich put --key=put -- events.ndjson"},
		{"-e prod -qy deploy", "enrich --environment=prod --quiet --yes deploy --"},
		{"deploy -qojson", "enrich --quiet --output=json deploy --"},
		{"deploy -yo json", "enrich --yes --output=json deploy --"},
		{"deploy -yo=json", "enrich --yes --output=json deploy --"},
		{"-qo json deploy", "enrich --quiet --output=json deploy --"},
		{"deploy -o=json", "enrich --output=json deploy --"},
		{"put -", "enrich put -- -"},
		{"put -- --local", "enrich put -- --local"},
		{"put -- -- x", "enrich put -- -- x"},
		{"put --key=--local x", "enrich put --key=--local -- x"},
		{"put --key= x", "enrich put --key= -- x"},
		{"test-event --timeout -5s", "enrich --timeout=-5s test-event --"},
		{"local start --port 80", "enrich local start --port=80 --"},
		{"--port 80 local --state-dir d start", "enrich --state-dir=d local start --port=80 --"},
		{"lookup load - --format csv --table users", "enrich lookup load --format=csv --table=users -- -"},
		{"put put", "enrich put -- put"},
		{"put help", "enrich put -- help"},
		{"deploy --local=false", "enrich --local=false deploy --"},
		{"deploy --region a --region b", "enrich --region=a --region=b deploy --"},
	} {
		t.Run(test.given, func(t *testing.T) {
			line, err := arrange(app, strings.Fields(test.given))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(line.arguments("enrich"), " "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestArrangeHelpAndVersion(t *testing.T) {
	app := testApp()
	for _, test := range []struct {
		given         string
		help, version bool
		path          string
	}{
		{"--help", true, false, ""},
		{"-h", true, false, ""},
		{"help", true, false, ""},
		{"help deploy", true, false, "deploy"},
		{"deploy --help", true, false, "deploy"},
		{"-h deploy", true, false, "deploy"},
		{"deploy -qh", true, false, "deploy"},
		{"help local start", true, false, "local start"},
		{"local --help", true, false, "local"},
		{"put --help", true, false, "put"},
		{"--version", false, true, ""},
		{"deploy --version", false, true, "deploy"},
	} {
		line, err := arrange(app, strings.Fields(test.given))
		if err != nil {
			t.Errorf("%s: %v", test.given, err)
			continue
		}
		if line.Help != test.help || line.Version != test.version || strings.Join(line.Path, " ") != test.path {
			t.Errorf("%s: help %v, version %v, path %v", test.given, line.Help, line.Version, line.Path)
		}
	}
}

func TestArrangeErrors(t *testing.T) {
	app := testApp()
	for _, test := range []struct{ given, message, hint string }{
		{"deplyo", "unknown command deplyo", "did you mean enrich deploy?"},
		{"local strat", "unknown command local strat", "did you mean enrich local start?"},
		{"xyzzy", "unknown command xyzzy", "enrich --help lists the commands"},
		{"local xyzzy", "unknown command local xyzzy", "enrich local --help lists the commands"},
		{"function-runtme", "unknown command function-runtme", "enrich --help lists the commands"},
		{"deploy --lcoal", "unknown flag --lcoal", "did you mean --local?"},
		{"deploy -local", "unknown flag -local", "did you mean --local?"},
		{"deploy --xyzzy", "unknown flag --xyzzy", "enrich deploy --help lists the flags"},
		{"--xyzzy", "unknown flag --xyzzy", "enrich --help lists the flags"},
		{"deploy --detailed-exitcode", "unknown flag --detailed-exitcode", "--detailed-exitcode is a flag of enrich plan"},
		{"deploy -x", "unknown flag -x", "enrich deploy --help lists the flags"},
		{"deploy -qx", "unknown flag -qx", "enrich deploy --help lists the flags"},
		{"deploy --region", "flag --region needs a value", ""},
		{"deploy -qo", "flag -o needs a value", ""},
		{"deploy --region --local", "flag --region needs a value, but what follows is --local", "if --local is the value, write --region=--local"},
		{"deploy --region -- x", "flag --region needs a value, but what follows is --", "if -- is the value, write --region=--"},
		{"local", "local needs one of: start, stop, status, logs, faults, run", "enrich local --help tells what each of them does"},
		{"lookup --local", "lookup needs one of: load, get, put, delete, list, export", "enrich lookup --help tells what each of them does"},
	} {
		t.Run(test.given, func(t *testing.T) {
			_, err := arrange(app, strings.Fields(test.given))
			if err == nil {
				t.Fatal("no error")
			}
			if f := explain(err); f.Message != test.message || f.Hint != test.hint {
				t.Errorf("message %q\nhint    %q", f.Message, f.Hint)
			}
		})
	}
}

// A flag that takes a value in one command and none in another could not be
// understood in front of the command.
func TestFlagsMeanTheSameEverywhere(t *testing.T) {
	app := testApp()
	takes, names := map[string]bool{}, map[string]string{}
	check := func(owner string, flags []cli.Flag, global bool) {
		for _, f := range flags {
			for _, name := range f.Names() {
				if before, known := takes[name]; known && (before != takesValue(f) || names[name] == "enrich" || global) {
					t.Errorf("%s: -%s is also a flag of %s", owner, name, names[name])
				}
				takes[name], names[name] = takesValue(f), owner
			}
		}
	}
	check("enrich", app.Flags, true)
	for _, c := range everyCommand(app.Commands) {
		check(c.Name, c.Flags, false)
	}
}

func TestEveryCommandIsDescribed(t *testing.T) {
	for _, c := range everyCommand(testApp().Commands) {
		if c.Usage == "" || c.Description == "" || !strings.Contains(c.Description, examplesMark+"") {
			t.Errorf("%s: usage %q, description %q", c.Name, c.Usage, c.Description)
		}
		if _, examples, _ := strings.Cut(c.Description, examplesMark); !strings.Contains(examples, "enrich") {
			t.Errorf("%s has no examples", c.Name)
		}
		if c.Action == nil && len(c.Subcommands) == 0 {
			t.Errorf("%s does nothing", c.Name)
		}
	}
	for _, f := range globalFlags() {
		doc, ok := f.(cli.DocGenerationFlag)
		if !ok || doc.GetUsage() == "" {
			t.Errorf("--%s has no usage", f.Names()[0])
			continue
		}
		if name := f.Names()[0]; name != "help" && name != "version" && !slices.Contains(doc.GetEnvVars(), variable(name)) {
			t.Errorf("--%s has no variable", name)
		}
	}
}

// The script prints every command's help.
func TestHelpScriptIsComplete(t *testing.T) {
	script, err := os.ReadFile("testdata/script/help.txtar")
	if err != nil {
		t.Fatal(err)
	}
	app := testApp()
	for _, c := range everyCommand(app.Commands) {
		if line := "\nexec enrich " + commandPath(app, c) + " --help\n"; !c.Hidden && !strings.Contains(string(script), line) {
			t.Errorf("testdata/script/help.txtar lacks%s", line)
		}
	}
}

func TestVariable(t *testing.T) {
	if got := variable("endpoint-url"); got != "ENRICH_ENDPOINT_URL" {
		t.Error(got)
	}
}

// However a line is written: arranging does not panic, loses no argument and
// keeps their order, and what it makes is arranged to itself.
func FuzzArrange(f *testing.F) {
	for _, seed := range []string{
		"deploy\n--local", "put\n--key\nx\n-\n--\n--local", "-qo\njson\nplan", "help\nlocal\nstart", "--\n-", "-\xff", "-q\xff", "put\n=\n-=",
		"--timeout\n-5s\ntest-event", "local\nstart\n--port=1\nx\ny", "-o-",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words := strings.Split(text, "\n")
		app := testApp()
		line, err := arrange(app, words)
		if err != nil {
			if fault, ok := errors.AsType[*fault](err); !ok || fault.message == "" {
				t.Errorf("%q: error %#v", words, err)
			}
			return
		}
		if i := slices.Index(words, "--"); i >= 0 {
			rest := words[i+1:]
			if all := append(slices.Clone(line.Path), line.Arguments...); !line.Help && !endsWith(all, rest) {
				t.Errorf("%q: lost what follows --: %+v", words, line)
			}
		}
		options := line.Globals
		options = append(slices.Clone(options), line.Options...)
		kept := len(line.Path) + len(line.Arguments)
		for _, o := range options {
			kept++
			if !o.Bare {
				kept++
			}
		}
		if !line.Help && !line.Version && kept+1 < plain(words) {
			t.Errorf("%q: %d of %d words are left: %+v", words, kept, plain(words), line)
		}
		again, err := arrange(app, line.arguments("enrich")[1:])
		if len(line.Path) == 0 || line.Help || line.Version {
			return
		}
		if err != nil {
			t.Fatalf("%q: arranged again: %v", words, err)
		}
		if !slices.Equal(again.arguments("enrich"), line.arguments("enrich")) {
			t.Errorf("%q: arranged again %q, before %q", words, again.arguments("enrich"), line.arguments("enrich"))
		}
	})
}

func endsWith(all, rest []string) bool {
	return len(all) >= len(rest) && slices.Equal(all[len(all)-len(rest):], rest)
}

// plain counts the words that are no flags.
func plain(words []string) int {
	n := 0
	for _, word := range words {
		if len(word) < 2 || word[0] != '-' {
			n++
		}
	}
	return n
}
