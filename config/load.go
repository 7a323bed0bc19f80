package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
)

// FileName is the file of settings that is read from the working directory.
const FileName = "enrich.yaml"

// Flags are the settings that the command line gave; "" is not given.
type Flags struct {
	File                      string // of --config; "" takes enrich.yaml if it is there
	Name, Environment, Region string
}

// Check knows more of what settings lead to than this package does.
type Check struct {
	Field    string // to blame
	Problems func(Config) []string
}

// Load settles every setting: flag, environment variable (ENRICH_CONFIG,
// ENRICH_NAME, ENRICH_ENVIRONMENT, ENRICH_REGION; empty is not given), the
// file's section for the environment, the file, default, in this order. A
// relative path is taken from workdir. checks say what is wrong with settings
// that are right by themselves. The error is a *Problems with everything that is
// wrong at once.
func Load(flags Flags, getenv func(string) string, workdir string, checks ...Check) (Config, error) {
	s, err := settleFile(flags, getenv, workdir, checks)
	return s.config, err
}

// settled is a Config with what it was made of.
type settled struct {
	config Config
	given  *node  // what was given, with its places; the rest are defaults
	file   string // that was read; "" for none
}

func settleFile(flags Flags, getenv func(string) string, workdir string, checks []Check) (settled, error) {
	problems := &Problems{}
	file := cmp.Or(flags.File, getenv("ENRICH_CONFIG"))
	root, ok := read(file, workdir, problems)
	file = cmp.Or(file, FileName)
	if ok {
		check := checker{file: file, problems: problems}
		check.root(root)
	} else {
		root = &node{kind: mapNode}
	}
	s := settle(root, flags, getenv, problems)
	together := agreement{config: s.config, given: s.given, file: file, checks: checks, problems: problems}
	together.check()
	if err := problems.err(); err != nil {
		return settled{}, err
	}
	if ok {
		s.file = file
	}
	return s, nil
}

// settle lays what was given outside the file over what is in it, and that over
// the defaults.
func settle(root *node, flags Flags, getenv func(string) string, problems *Problems) settled {
	outside := func(path, flag, variable, given string) *node {
		k, _ := find(path)
		source, text := flag, given
		if text == "" {
			source, text = variable, getenv(variable)
		}
		if text == "" {
			return nil
		}
		n := &node{kind: textNode, text: text, path: source}
		if message := k.wrongText(text); message != "" {
			n.bad = true
			problems.add(Problem{Field: source, Message: message})
		}
		return n
	}
	over := &node{kind: mapNode}
	for _, setting := range []struct{ path, flag, variable, given string }{
		{"name", "--name", "ENRICH_NAME", flags.Name},
		{"environment", "--environment", "ENRICH_ENVIRONMENT", flags.Environment},
		{"region", "--region", "ENRICH_REGION", flags.Region},
	} {
		if n := outside(setting.path, setting.flag, setting.variable, setting.given); n != nil {
			over.entries = append(over.entries, entry{key: setting.path, value: n})
		}
	}

	environment := Dev
	if n := merged(root, over).get("environment"); n != nil && !n.bad {
		environment = n.text
	}
	given := merged(merged(root, root.get("environments").get(environment)), over)
	c := Default(environment)
	bind(reflect.ValueOf(&c).Elem(), given)
	derive(&c, given)
	return settled{config: c, given: given}
}

// read gives the settings of a file; ok is false where there are none, with or
// without a problem.
func read(file, workdir string, problems *Problems) (root *node, ok bool) {
	named := file != ""
	if !named {
		file = FileName
	}
	content, err := content(resolve(file, workdir))
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) && !named:
		// A file that is nearly called right would be ignored without a word.
		for _, near := range []string{"enrich.yml", "Enrich.yaml"} {
			if _, err := os.Lstat(resolve(near, workdir)); err == nil {
				problems.add(Problem{File: near, Message: "is not read: rename it to " + FileName + ", or name it with --config"})
			}
		}
		return nil, false
	default:
		problems.add(Problem{File: file, Message: "cannot be read: " + reason(err)})
		return nil, false
	}
	root, wrong := parse(file, content)
	if wrong != nil {
		problems.List = append(problems.List, wrong.List...)
		return nil, false
	}
	return root, true
}

func resolve(file, workdir string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(workdir, file)
}

func content(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		if _, dangling := os.Lstat(path); dangling == nil && errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New("it is a link to a file that does not exist")
		}
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("it is a directory")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	return data, nil
}

// reason is the cause of an error without the path, which the problem names.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
