//go:build interop

package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// cdkTools is what the projects in one language need.
type cdkTools struct {
	dialect string
	lock    string // the file that says what is installed
	install func(t *testing.T, directory string)
	check   func(t *testing.T, tools, directory string)
	app     []string // what cdk runs
	bin     string   // where the programs are, in the directory of the tools
	only    []string // definitions that are compared; nil: all
}

// directory of the tools, which lasts: what is installed there is only installed anew
// when it is not what the project asks for.
func toolsDirectory(t *testing.T) string {
	t.Helper()
	tools := os.Getenv("ENRICH_INTEROP_TOOLS")
	if tools == "" {
		t.Fatal("ENRICH_INTEROP_TOOLS is not set: run make interop")
	}
	// The CDK has forms of Go programs in it, which ./... would take for ours.
	writeFiles(t, tools, []File{{Name: "go.mod", Content: []byte("module tools\n")}})
	return tools
}

func run(t *testing.T, directory string, environment []string, program string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = directory
	command.Env = append(os.Environ(), environment...)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, arguments, err, output)
	}
	return string(output)
}

func writeFiles(t *testing.T, directory string, files []File) {
	t.Helper()
	for _, f := range files {
		path := filepath.Join(directory, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if f.Executable {
			mode = 0o755
		}
		if err := os.WriteFile(path, f.Content, mode); err != nil {
			t.Fatal(err)
		}
	}
}

// installed is a project whose tools are there.
func (c cdkTools) installed(t *testing.T, d Dialect) string {
	t.Helper()
	directory := filepath.Join(toolsDirectory(t), c.dialect)
	files := filesOf(t, d, "", "")
	for _, f := range files {
		stamp := filepath.Join(directory, "installed")
		if f.Name != c.lock {
			continue
		}
		if there, err := os.ReadFile(stamp); err == nil && bytes.Equal(there, f.Content) {
			return directory
		}
		if err := os.RemoveAll(directory); err != nil {
			t.Fatal(err)
		}
		writeFiles(t, directory, files)
		c.install(t, directory)
		if err := os.WriteFile(stamp, f.Content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

// environment is that of programs that use the tools: no account is asked, and nobody is told.
func (c cdkTools) environment(tools string, more ...string) []string {
	return append(more, "PATH="+filepath.Join(tools, c.bin)+string(os.PathListSeparator)+os.Getenv("PATH"),
		"AWS_EC2_METADATA_DISABLED=true", "CDK_DISABLE_CLI_TELEMETRY=true", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1")
}

func typeScriptTools() cdkTools {
	return cdkTools{
		dialect: "cdk-typescript", lock: "package-lock.json", bin: "node_modules/.bin", app: []string{"env", "node", "dist/bin/app.js"},
		install: func(t *testing.T, directory string) { run(t, directory, nil, "npm", "ci", "--no-audit", "--no-fund") },
		check: func(t *testing.T, tools, directory string) {
			if err := os.Symlink(filepath.Join(tools, "node_modules"), filepath.Join(directory, "node_modules")); err != nil {
				t.Fatal(err)
			}
			run(t, directory, nil, "npm", "run", "--silent", "build") // tsc, as strict as can be
		},
	}
}

// pythonTools needs the command line that comes with the other language's.
func pythonTools() cdkTools {
	const bin = "venv/bin"
	return cdkTools{
		dialect: "cdk-python", lock: "requirements.txt", bin: bin, app: []string{"env", "python3", "app.py"}, only: []string{"default", "everything", "texts", "escapes", "random 0"},
		install: func(t *testing.T, directory string) {
			run(t, directory, nil, "python3", "-m", "venv", "venv")
			typeScriptTools().installed(t, dialectNamed(t, "cdk-typescript"))
			run(t, directory, nil, filepath.Join(directory, bin, "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt", "ruff==0.17.6")
		},
		check: func(t *testing.T, tools, directory string) {
			run(t, directory, nil, filepath.Join(tools, bin, "python3"), "-m", "compileall", "-q", ".")
			run(t, directory, nil, filepath.Join(tools, bin, "ruff"), "check", ".")
			run(t, directory, nil, filepath.Join(tools, bin, "ruff"), "format", "--check", ".")
		},
	}
}

// copied is a template that may be changed.
func copied(t *testing.T, template map[string]any) map[string]any {
	t.Helper()
	content, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	var other map[string]any
	if err := json.Unmarshal(content, &other); err != nil {
		t.Fatal(err)
	}
	return other
}

// synth is the template of an environment: as cdk writes it or, in a tenth of the time,
// the app alone.
func (c cdkTools) synth(t *testing.T, tools, directory, environment string, cdk bool) map[string]any {
	t.Helper()
	out := filepath.Join(directory, "out-"+environment)
	if cdk {
		run(t, directory, c.environment(tools), filepath.Join(toolsDirectory(t), "cdk-typescript", "node_modules", ".bin", "cdk"),
			"synth", "--quiet", "--no-notices", "--build", "true", "--output", out, "-c", "environment="+environment)
	} else {
		run(t, directory, c.environment(tools, "CDK_OUTDIR="+out, "CDK_CONTEXT_JSON="+contextOf(t, directory, environment)), c.app[0], c.app[1:]...)
	}
	templates, err := filepath.Glob(filepath.Join(out, "*.template.json"))
	if err != nil || len(templates) != 1 {
		t.Fatalf("templates %q: %v", templates, err)
	}
	content, err := os.ReadFile(templates[0])
	if err != nil {
		t.Fatal(err)
	}
	var template map[string]any
	if err := json.Unmarshal(content, &template); err != nil {
		t.Fatal(err)
	}
	return template
}

// contextOf is what cdk gives an app: the context of cdk.json and of the command line.
func contextOf(t *testing.T, directory, environment string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(directory, "cdk.json"))
	if err != nil {
		t.Fatal(err)
	}
	var settings struct {
		Context map[string]any `json:"context"`
	}
	if err := json.Unmarshal(content, &settings); err != nil {
		t.Fatal(err)
	}
	settings.Context["environment"] = environment
	context, err := json.Marshal(settings.Context)
	if err != nil {
		t.Fatal(err)
	}
	return string(context)
}

// What the CDK makes of a project is what the CloudFormation export has, for each
// environment.
func TestCDKComesToTheStack(t *testing.T) {
	for _, tools := range []cdkTools{typeScriptTools(), pythonTools()} {
		t.Run(tools.dialect, func(t *testing.T) {
			d := dialectNamed(t, tools.dialect)
			installed := tools.installed(t, d)
			all := definitions(t)
			for seed := range uint64(2) {
				_, all[fmt.Sprint("random ", seed)] = randomSettings(t, rand.New(rand.NewPCG(seed, 5)))
			}
			for name, file := range all {
				if tools.only != nil && !slices.Contains(tools.only, name) {
					continue
				}
				t.Run(name, func(t *testing.T) {
					directory := t.TempDir()
					writeFiles(t, directory, filesOf(t, d, file, ""))
					tools.check(t, installed, directory)
					for _, environment := range Environments() {
						t.Run(environment, func(t *testing.T) {
							t.Parallel()
							once := name == "default" && environment == "prod"
							template := tools.synth(t, installed, directory, environment, once)
							if diff := differences(t, d, file, environment, copied(t, template)); diff != "" {
								t.Fatalf("the CDK comes to something else (-stack +CDK):\n%s", diff)
							}
							if once {
								noticesEachChange(t, d, file, environment, template)
							}
						})
					}
				})
			}
		})
	}
}

// A context that is wrong is refused, with all that is.
func TestCDKRefusesContext(t *testing.T) {
	for _, tools := range []cdkTools{typeScriptTools(), pythonTools()} {
		t.Run(tools.dialect, func(t *testing.T) {
			d := dialectNamed(t, tools.dialect)
			directory := t.TempDir()
			writeFiles(t, directory, filesOf(t, d, "", ""))
			installed := tools.installed(t, d)
			tools.check(t, installed, directory)
			command := exec.CommandContext(t.Context(), tools.app[0], tools.app[1:]...)
			command.Dir = directory
			command.Env = append(os.Environ(), tools.environment(installed, "CDK_OUTDIR="+filepath.Join(directory, "out"),
				`CDK_CONTEXT_JSON={"environment":"prd","streamShardCount":"0","lambdaMemorySize":128.5,"lambdaTimeout":"2m"}`)...)
			output, err := command.CombinedOutput()
			if err == nil {
				t.Errorf("the app takes it:\n%s", output)
			}
			for _, problem := range []string{
				`environment is "prd": use one of dev, staging, prod`, `streamShardCount is "0": use a whole number from 1 to 10000`,
				`lambdaMemorySize is 128.5: use a whole number from 128 to 10240`, `lambdaTimeout is "2m": use a whole number from 1 to 900`,
			} {
				if !strings.Contains(string(output), problem) {
					t.Errorf("nothing says: %s\n%s", problem, output)
				}
			}
		})
	}
}

func dialectNamed(t *testing.T, name string) Dialect {
	t.Helper()
	for _, d := range Dialects() {
		if d.Name == name {
			return d
		}
	}
	t.Fatalf("there is no dialect %s", name)
	return Dialect{}
}
