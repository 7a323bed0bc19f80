package export

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// commands are those of a README, by the block that has this word.
func commands(t *testing.T, readme, word string) string {
	t.Helper()
	for i, block := range strings.Split(readme, "```") {
		if body, ok := strings.CutPrefix(block, "sh\n"); i%2 == 1 && ok && strings.Contains(body, word) {
			return body
		}
	}
	t.Fatalf("no block of the README has %s:\n%s", word, readme)
	return ""
}

// shell runs commands with an aws that tells what it was given, and the files of it.
func shell(t *testing.T, script string) string {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("needs a POSIX shell")
	}
	const stub = `
aws() {
	for word; do
		case $word in
		file*://*) cat "${word#*://}" ;;
		*) printf '%s ' "$word" ;;
		esac
	done
	echo
}
output() { echo "<$1>"; }
terraform() { if [ "$1" = output ]; then echo "<$3>"; else echo "terraform $*"; fi; }
`
	c := exec.Command("sh", "-c", stub+script)
	c.Dir = t.TempDir()
	said, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if left, _ := filepath.Glob(filepath.Join(c.Dir, "*")); len(left) > 0 {
		t.Errorf("the commands have made %s", left)
	}
	return string(said)
}

// readme is the one of a project for an environment.
func readme(t *testing.T, d Dialect, file, environment string) string {
	t.Helper()
	p, err := New(d, settings(t, file), environment, code)
	if err != nil {
		t.Fatal(err)
	}
	files, err := d.Files(p, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name == readmeFile {
			return string(f.Content)
		}
	}
	t.Fatal("there is no README")
	return ""
}

// What users call their fields is nothing to a shell.
func TestCommandsAreQuoted(t *testing.T) {
	for _, d := range Dialects() {
		for _, name := range []string{`it's`, `'; touch made; '`, `$(touch made)`, "`touch made`", `${HOME}`, `a\nb`, `"quoted"`, `%s %d`, `é`, `{{.Name}}`, `*`, `-`} {
			word := strings.ReplaceAll(name, `'`, `''`)
			file := "lookups:\n- {name: users, key: '" + strings.ReplaceAll(word, ".", "") + "', table_key: '" + word + "', fields: ['" + word + "x']}\n"
			p := project(t, d, file)
			g, err := p.guide()
			if err != nil {
				t.Fatal(err)
			}
			said := shell(t, commands(t, readme(t, d, file, "dev"), "put-item"))
			for _, want := range []string{" --item " + g.Items[0].Item + " ", g.Event} {
				if !strings.Contains(said, want) {
					t.Errorf("%s, %s: there is no %s in what a shell makes of the commands:\n%s", d.Name, name, want, said)
				}
			}
		}
	}
}

// A command holds for whichever environment it is given, though the project has been
// written with another one in mind.
func TestCommandsOfEveryEnvironment(t *testing.T) {
	const file = `
region: eu-west-1
lookups: [{name: users, key: user_id, fields: [name]}]
environments:
  prod:
    region: us-east-1
    function: {memory: 1024}
    lookups: [{name: shops, key: shop, fields: [name]}]
`
	text := readme(t, cloudFormation(), file, "dev")
	first := commands(t, text, "environment=")
	for environment, want := range map[string][]string{
		"dev":     {"AWS_REGION=eu-west-1", " StreamShardCount=2 LambdaMemorySize=256 LambdaTimeout=60 \n"},
		"staging": {"AWS_REGION=eu-west-1", " StreamShardCount=2 LambdaMemorySize=256 LambdaTimeout=60 \n"},
		"prod":    {"AWS_REGION=us-east-1", " StreamShardCount=2 LambdaMemorySize=1024 LambdaTimeout=60 \n"},
	} {
		set := strings.Replace(first, "environment=dev", "environment="+environment, 1)
		said := shell(t, set+commands(t, text, "cloudformation deploy")+"echo AWS_REGION=$AWS_REGION\n")
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%s: there is no %q in what a shell makes of the commands:\n%s", environment, w, said)
			}
		}
	}
	// What only another environment has is protected there as well.
	set := strings.Replace(first, "environment=dev", "environment=prod", 1)
	destroy := strings.ReplaceAll(commands(t, text, "delete-stack"), "while aws", "while false && aws")
	if said := shell(t, set+destroy); !strings.Contains(said, "--table-name <ShopsTableName> --no-deletion-protection-enabled") {
		t.Errorf("the table of shops stays protected:\n%s", said)
	}
}

// Who sets a number is told in what it is measured.
func TestNumbersAreDescribedWithTheirUnits(t *testing.T) {
	for path, want := range map[string]string{"function.memory": " In MB.", "function.timeout": " In seconds.", "stream.shards": ""} {
		if said := describe(path); !strings.HasSuffix(said, keyOf(path).Doc+want) {
			t.Errorf("%s: %s", path, said)
		}
	}
}
