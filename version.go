package main

import (
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// version and commit are set by the linker: -X main.version=… -X main.commit=…
var (
	version = "dev"
	commit  = ""
)

func (p *program) versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "prints version, commit, Go and the function's hash",
		Description: about(`
The hash is what Lambda calls CodeSha256: the SHA-256, in base64, of the archive
that this build deploys.`,
			"enrich version", "enrich version -o json"),
		Action: p.version,
	}
}

// build tells what this program was made of.
type build struct {
	Version   string            `json:"version"`   // its release
	Commit    string            `json:"commit"`    // of the source
	Go        string            `json:"go"`        // the version of Go
	Platform  string            `json:"platform"`  // operating system and architecture
	Functions map[string]string `json:"functions"` // CodeSha256 by architecture; empty: no archives
}

func (p *program) version(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	b := build{Version: version, Commit: builtFrom(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Functions: map[string]string{}}
	codes, err := everyArchive(p.archives)
	if err != nil {
		return err
	}
	for architecture, code := range codes {
		b.Functions[architecture] = code.SHA256
	}
	return p.out.result(b, b.print)
}

func (b build) print(p *page) {
	p.line("enrich %s", b.Version)
	p.table([][]cell{{{text: "commit"}, {text: b.Commit}}, {{text: "go"}, {text: b.Go + " " + b.Platform}}})
	if len(b.Functions) == 0 {
		p.line("  function none in this build (run make)")
	}
	for _, architecture := range architectures() {
		if hash, ok := b.Functions[architecture]; ok {
			p.line("  function linux/%s %s", architecture, hash)
		}
	}
}

// printVersionLine is --version. It must not take longer than it takes to read.
func (p *program) printVersionLine() error {
	if p.out.json {
		return p.out.document(map[string]string{"version": version, "commit": builtFrom()})
	}
	return p.out.result(nil, func(page *page) { page.line("enrich %s (%s)", version, builtFrom()) })
}

// builtFrom is the commit of the source.
func builtFrom() string {
	if commit != "" {
		return commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, modified := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = " with changes"
		}
	}
	return revision + modified
}
