// Command pack packs a program as an archive for AWS Lambda:
//
//	pack -in bootstrap -out dist/function-linux-arm64.zip
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/google/renameio/v2/maybe"

	"enrich/tools/pack/archive"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "pack:", err) // there is nowhere else to tell it
		os.Exit(1)
	}
}

func run(args []string, usage io.Writer) error {
	flags := flag.NewFlagSet("pack", flag.ContinueOnError)
	flags.SetOutput(usage)
	in := flags.String("in", "", "the program")
	out := flags.String("out", "", "the archive to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *in == "" || *out == "" || flags.NArg() > 0 {
		return errors.New("usage: pack -in PROGRAM -out ARCHIVE")
	}
	program, err := os.ReadFile(*in)
	if err != nil {
		return fmt.Errorf("reading the program: %w", err)
	}
	packed, err := archive.Pack(program)
	if err != nil {
		return err
	}
	if err := maybe.WriteFile(*out, packed, 0o644); err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	return nil
}
