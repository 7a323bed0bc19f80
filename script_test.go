package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	goflag "flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"enrich/tools/pack/archive"
)

// archivesVariable tells the program under test, which is this test binary,
// where the archives are. The real program carries them within.
const archivesVariable = "ENRICH_TEST_ARCHIVES"

func TestMain(m *testing.M) {
	testscript.Main(archived{m}, map[string]func(){
		"enrich": func() { os.Exit(recording(func() int { return start(os.DirFS(os.Getenv(archivesVariable))) })) },
	})
}

// scriptsAtOnce is how many scripts run at the same time at least.
const scriptsAtOnce = 6

// archived builds the function's archives before the tests run, as make does.
type archived struct{ m *testing.M }

func (a archived) Run() int {
	// A script waits for most of its time. The flag -parallel says otherwise.
	if err := goflag.Set("test.parallel", strconv.Itoa(max(scriptsAtOnce, runtime.GOMAXPROCS(0)))); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "setting -parallel:", err) // as below
		return 1
	}
	// Whoever runs the tests may ignore it, as nohup does, and the programs under test
	// would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	directory, err := os.MkdirTemp("", "enrich-archives-")
	if err == nil {
		defer func() { _ = os.RemoveAll(directory) }() // of the tests, in the temporary directory
		err = buildArchives(directory)
	}
	if err == nil {
		err = os.Setenv(archivesVariable, directory)
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "building the function:", err) // there is nowhere else to tell it
		return 1
	}
	return a.m.Run()
}

func buildArchives(directory string) error {
	for _, architecture := range architectures() {
		program := filepath.Join(directory, "bootstrap-"+architecture)
		build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-tags=lambda.norpc", "-o", program, "./lambda/bootstrap")
		build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+architecture, "CGO_ENABLED=0")
		if output, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("for %s: %w\n%s", architecture, err, output)
		}
		content, err := os.ReadFile(program)
		if err != nil {
			return err
		}
		packed, err := archive.Pack(content)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(directory, "function-linux-"+architecture+".zip"), packed, 0o600); err != nil {
			return err
		}
		if err := os.Remove(program); err != nil {
			return err
		}
	}
	return nil
}

func TestScript(t *testing.T) {
	documents := t.TempDir()
	t.Cleanup(func() { verifyDocuments(t, documents) })
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv(documentsVariable, documents)
			return setUp(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"json":      jsonValue,
			"emulate":   emulate,
			"confirm":   confirmMail,
			"interrupt": interrupt,
			"follow":    followUntil,
			"hold":      holdCall,
			"held":      heldCall,
			"release":   releaseCall,
			"other":     announceOther,
			"taken":     takePort,
			"untag":     untag,
			"managed":   managed,
			"metric":    sumOfMetric,
			"ask":       askKinesis,
			"published": published,
			"metadata":  refusingMetadata,
			"lacking":   lackingStatement,
			"streamed":  streamed,
			"object":    changeObject,
		},
	})
}

// setUp gives every script an environment of its own, without an AWS account,
// and ends the emulators that it leaves.
func setUp(env *testscript.Env) error {
	env.Vars = append(env.Vars,
		archivesVariable+"="+os.Getenv(archivesVariable),
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+filepath.Join(env.WorkDir, "none"),
		"AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(env.WorkDir, "none"),
		"GOCOVERDIR="+os.Getenv("GOCOVERDIR"),
		"GORACE="+os.Getenv("GORACE"),
	)
	env.Values[holdUpKey{}] = &holdUp{}
	env.Values[mailboxKey{}] = &mailbox{}
	env.Defer(func() {
		if err := stopEmulators(env.WorkDir); err != nil {
			env.T().Log(err)
			env.T().FailNow()
		}
	})
	return nil
}

// stopEmulators ends every emulator that is announced below a directory.
func stopEmulators(directory string) error {
	var failed []error
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && entry.Name() == "emulator.json" {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			_, err := place{filepath.Dir(path)}.stop(ctx)
			failed = append(failed, err)
		}
		return err
	})
	return errors.Join(append(failed, err)...)
}

// exits runs a program and expects its exit code: exits 2 enrich status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGUMENTS]")
	}
	wanted, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if failure, ok := errors.AsType[*exec.ExitError](err); ok {
		got = failure.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != wanted {
		ts.Fatalf("exit code %d, want %d", got, wanted)
	}
}

// jsonValue checks one value of the document on stdout, which must be the only
// one: json outputs.region us-east-1. Numbers in the path count from 0, len is a
// length, and without a value the path must exist. With a path of . only the
// form is checked.
func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: json PATH [VALUE]")
	}
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		ts.Fatalf("stdout is not JSON: %v", err)
	}
	if decoder.More() {
		ts.Fatalf("stdout has more than one document")
	}
	if args[0] == "." {
		return
	}
	value, found := dig(document, strings.Split(args[0], "."))
	text := ""
	if found {
		text = jsonText(value)
	}
	matches := found && (len(args) == 1 || text == args[1])
	if matches == neg {
		ts.Fatalf("%s is %q (found %v), want %q (negated %v)", args[0], text, found, args[1:], neg)
	}
}

func dig(value any, path []string) (any, bool) {
	for _, name := range path {
		switch v := value.(type) {
		case map[string]any:
			if name == "len" {
				value = json.Number(strconv.Itoa(len(v)))
				continue
			}
			next, ok := v[name]
			if !ok {
				return nil, false
			}
			value = next
		case []any:
			if name == "len" {
				value = json.Number(strconv.Itoa(len(v)))
				continue
			}
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			value = v[i]
		default:
			return nil, false
		}
	}
	return value, true
}

func jsonText(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}
