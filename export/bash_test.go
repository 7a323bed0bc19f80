package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enrich/config"
	"enrich/pipeline"
)

// What pipeline.sh comes to in each environment is what the definition is there: every
// variable and every document, whatever the user has written.
func TestScriptsComeToTheDefinition(t *testing.T) {
	shell := shellOf(t)
	for name, file := range map[string]string{
		"default":    "",
		"everything": everything(t),
		"names":      "name: dev\ntags: {a: dev, b: dev-dev, c: dev-prod, d: dev-dev-stream, prod: staging dev}\nenvironments: {staging: {name: prod, tags: {b: dev}}, prod: {tags: {e: prod}}}\n",
		"circle":     "environments: {dev: {tags: {x: data-enrichment-dev-users}}, prod: {tags: {x: data-enrichment-prod-stream, y: z}}}\n",
		"text": `tags: {"a b": "x = y", é: ß}
lookups:
- {name: users, key: user, table_key: 'it''s "$(touch touched)" \', fields: ['${HOME}', '$(touch touched)', '` + "`touch touched`" + `', "a\\b", 'JSON', 'it''s', '"', '\"', '\n', '\u0041', '*', 'é']}
environments:
  prod: {lookups: [{name: users, key: user, table_key: 'it''s "$(touch touched)" \', fields: [JSON, '$', "'"]}]}
`,
		"lookups": "lookups:\n- {name: user, key: a, fields: ['${Stream}', '${!x}']}\n- {name: users, key: b, fields: [x]}\n" +
			"environments:\n  prod:\n    lookups:\n    - {name: users, key: b, fields: [x, y]}\n    alarms: {composite: false, notify: [a@example.com]}\n" +
			"  staging: {alarms: {duration_percent: 0, notify: [b@example.com, a@example.com]}, stream: {mode: on-demand}, table: {mode: provisioned, read: 3, write: 4}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			configs := settings(t, file)
			p, err := New(bash(), configs, "staging", code)
			if err != nil {
				t.Fatal(err)
			}
			s, err := newScript(p)
			if err != nil {
				t.Fatal(err)
			}
			directory := t.TempDir()
			if err := os.WriteFile(filepath.Join(directory, "pipeline.sh"), s.print(), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, c := range configs {
				compareScript(t, s, c, shell, directory)
			}
			if files, err := os.ReadDir(directory); err != nil || len(files) != 1 {
				t.Errorf("running it has left %v (%v)", files, err)
			}
		})
	}
}

func shellOf(t *testing.T) string {
	t.Helper()
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	return shell
}

// compareScript runs the definition as it is deployed with other numbers than the defaults.
func compareScript(t *testing.T, s *script, c config.Config, shell, directory string) {
	t.Helper()
	c.Stream.Shards, c.Function.Memory, c.Function.Timeout = 11, 1234, 56
	id := pipeline.Identity{Name: c.Name, Environment: c.Environment, Partition: "aws-cn", Account: "123456789012", Region: "cn-north-1"}
	resources, err := pipeline.Export(c, id, code, scriptManager)
	if err != nil {
		t.Fatal(err)
	}
	// Without anything that stands for something else every text is a literal.
	direct := &variant{environment: c.Environment, resources: resources, reaches: reach{}, sentinels: sentinels{shards: -1, memory: -2, timeout: -3}}
	entries, err := scriptResources(s.project, direct)
	if err != nil {
		t.Fatal(err)
	}
	var program strings.Builder
	fmt.Fprintf(&program, "set -euo pipefail\nsource ./pipeline.sh\nsettings\naccount=%s partition=%s region=%s mapping_uuid='%s'\ndefine\n",
		id.Account, id.Partition, id.Region, standIn(resources))
	program.WriteString("listed() { printf '%s\\0' \"$1 $2\"; [ \"$1\" != subscription ] || printf '%s\\0' \"$3\"; }\npipeline listed\nprintf '\\0%s\\0' \"$pipeline\"\nprintf '%s: %s\\n' \"${tags[@]}\" | LC_ALL=C sort\nprintf '\\0'\n")
	var want []any
	for _, r := range entries {
		name, _ := r.Name.whole()
		if r.Word == "mapping" {
			stream, target := nameOfKind(resources, "data stream"), nameOfKind(resources, "function")
			name = stream + " to " + target
		}
		want = append(want, r.Word+" "+name)
		if topic, ok := r.Settings.get(subscribedTopic); ok {
			want = append(want, plainly(topic.Value))
		}
	}
	want = append(want, "", c.Name)
	tags := tagsOf(resources[0].Settings)
	listed := ""
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		listed += key + ": " + tags[key] + "\n"
	}
	want = append(want, listed)
	for _, r := range entries {
		prefix := r.Word
		if r.Several {
			prefix = s.names[r.Key]
			if r.Word == "table" {
				program.WriteString(prefix + "_settings\n")
			}
		}
		for _, e := range r.Settings.Entries {
			if e.Key == subscribedTopic {
				continue
			}
			if isScalar(e.Value) {
				fmt.Fprintf(&program, "printf '%%s\\0' \"$%s_%s\"\n", r.Word, e.Key)
				want = append(want, fmt.Sprint(plainly(e.Value)))
				continue
			}
			fmt.Fprintf(&program, "%s_%s; printf '\\0'\n", prefix, e.Key)
			want = append(want, plainly(e.Value))
		}
	}
	command := exec.Command(shell, "-c", program.String())
	command.Dir = directory
	command.Env = append(os.Environ(), "ENVIRONMENT="+c.Environment, "STREAM_SHARD_COUNT=11", "LAMBDA_MEMORY_SIZE=1234", "LAMBDA_TIMEOUT=56")
	var failed bytes.Buffer
	command.Stderr = &failed
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, failed.Bytes())
	}
	shown := strings.Split(strings.TrimSuffix(string(output), "\x00"), "\x00")
	if len(shown) != len(want) {
		t.Fatalf("%s: there are %d values, want %d:\n%q", c.Environment, len(shown), len(want), shown)
	}
	for i, wanted := range want {
		var got any = shown[i]
		if _, ok := wanted.(string); !ok {
			if err := json.Unmarshal([]byte(shown[i]), &got); err != nil {
				t.Errorf("%s: %v in\n%s", c.Environment, err, shown[i])
			}
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s: something else (-definition +script):\n%s", c.Environment, diff)
		}
	}
}

func standIn(resources []pipeline.Exported) string {
	for _, r := range resources {
		if r.StandIn != "" {
			return r.StandIn
		}
	}
	return ""
}

func nameOfKind(resources []pipeline.Exported, kind string) string {
	for _, r := range resources {
		if r.Kind == kind {
			return r.Name
		}
	}
	return ""
}

// plainly is a value as JSON has it.
func plainly(v value) any {
	switch v := v.(type) {
	case Text:
		s, _ := v.whole()
		return s
	case int:
		return float64(v)
	case *Map:
		m := map[string]any{}
		for _, e := range v.Entries {
			m[e.Key] = plainly(e.Value)
		}
		return m
	case List:
		l := []any{}
		for _, e := range v {
			l = append(l, plainly(e))
		}
		return l
	}
	return v
}

// The shell takes every file for one of its own.
func TestScriptsParse(t *testing.T) {
	shell := shellOf(t)
	for _, f := range filesOf(t, bash(), everything(t), "") {
		if !strings.HasSuffix(f.Name, ".sh") {
			continue
		}
		command := exec.Command(shell, "-n", "/dev/stdin")
		command.Stdin = bytes.NewReader(f.Content)
		if output, err := command.CombinedOutput(); err != nil || len(output) > 0 {
			t.Errorf("%s: %v: %s", f.Name, err, output)
		}
		if executable := strings.HasPrefix(string(f.Content), "#!"); executable != f.Executable {
			t.Errorf("%s: it has an interpreter: %t, and it is executable: %t", f.Name, executable, f.Executable)
		}
	}
}
