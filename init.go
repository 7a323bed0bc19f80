package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"enrich/config"
	"enrich/pipeline"
)

func (p *program) initCommand() *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "writes an enrich.yaml with every setting, for you to change",
		Description: about(`
Each key stands there with what it is about, what it allows and its default. Most
are commented out, so that they keep the default; --name, --environment and
--region are written as they are given. The JSON Schema, by which editors complete
and check the file, goes beside it. What exists is left alone without --force.`,
			"enrich init", "enrich init --name orders --region eu-west-1", "enrich init -c pipelines/orders.yaml", "enrich init --force"),
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "force", Usage: "write over a file that exists"},
		},
		Action: p.writeSettings,
	}
}

// schemaFile is beside the settings. `enrich schema` prints what is in it.
const schemaFile = "enrich.schema.json"

// initDocument is the result of init.
type initDocument struct {
	File    string   `json:"file"`    // the settings
	Schema  string   `json:"schema"`  // what editors check them by
	Written []string `json:"written"` // those of the two that were not there as they are
	named   string   // as a flag that other commands need
}

func (p *program) writeSettings(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	flags := p.settingFlags()
	file := cmp.Or(flags.File, p.getenv("ENRICH_CONFIG"), config.FileName)
	settings, err := config.Template(flags, p.getenv, schemaFile, pipeline.Checks()...)
	if err != nil {
		return err
	}
	schema, err := schemaText()
	if err != nil {
		return err
	}
	d := initDocument{File: file, Schema: filepath.Join(filepath.Dir(file), schemaFile), Written: []string{}}
	if flags.File != "" {
		d.named = " -c " + shellWord(file)
	}
	files := []newFile{{d.File, []byte(settings)}, {d.Schema, append(schema, '\n')}}
	var missing []newFile
	var taken []string
	for _, f := range files {
		there, err := os.ReadFile(f.name)
		switch {
		case err == nil && bytes.Equal(there, f.content):
			continue
		case err == nil && !c.Bool("force"):
			taken = append(taken, f.name)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("looking for %s: %w", f.name, err)
		}
		missing = append(missing, f)
	}
	if len(taken) > 0 {
		return failf("there is %s already; nothing was changed", strings.Join(taken, " and ")).hint("--force writes over what exists")
	}
	for _, f := range missing {
		if err := f.write(c.Bool("force")); err != nil {
			return err
		}
		d.Written = append(d.Written, f.name)
	}
	return p.out.summary(d, d.print)
}

func (d initDocument) print(p *page) {
	if len(d.Written) == 0 {
		p.line("nothing to write: %s and %s are as they would be", d.File, d.Schema)
		return
	}
	p.line("%s %s", p.c.good("wrote"), strings.Join(d.Written, " and "))
	p.line("enrich config%s shows what holds; enrich --local deploy%s tries it", d.named, d.named)
}

// newFile is a file that is to be there.
type newFile struct {
	name    string
	content []byte
}

// write creates the file. Without over it is not one that somebody else has created
// in the meantime; with it a file keeps its mode, and a link what it leads to.
func (f newFile) write(over bool) (err error) {
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if over {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(f.name, how, 0o644) // readable to all: it holds no secrets
	if errors.Is(err, fs.ErrNotExist) {
		return failf("writing the settings: %w", err).hint("make the directory %s first", filepath.Dir(f.name))
	}
	if err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.Write(f.content); err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	return nil
}
