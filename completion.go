package main

import (
	"embed"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"enrich/config"
)

// completions are the scripts that ask complete-line.
//
//go:embed completion
var completions embed.FS

// shells are those with completion, each with what sets it up for good.
func shells() []shell {
	return []shell{
		{"bash", "completion/enrich.bash", "echo 'source <(enrich completion bash)' >> ~/.bashrc"},
		{"zsh", "completion/enrich.zsh", "echo 'source <(enrich completion zsh)' >> ~/.zshrc   # behind compinit"},
		{"fish", "completion/enrich.fish", "enrich completion fish > ~/.config/fish/completions/enrich.fish"},
		{"powershell", "completion/enrich.ps1", "enrich completion powershell >> $PROFILE"},
	}
}

type shell struct{ name, file, setup string }

func shellNames() []string {
	var all []string
	for _, s := range shells() {
		all = append(all, s.name)
	}
	return all
}

func (p *program) completionCommand() *cli.Command {
	var setups []string
	for _, s := range shells() {
		setups = append(setups, s.setup)
	}
	return &cli.Command{
		Name:      "completion",
		Usage:     "prints what makes a shell complete enrich's command lines",
		ArgsUsage: strings.Join(shellNames(), "|"),
		Description: about(`
The script completes commands, flags wherever they stand, values that are known,
the keys of enrich config, the lookups of enrich.yaml, and files.`,
			setups...),
		Action: p.completion,
	}
}

// completionDocument is the result of completion.
type completionDocument struct {
	Shell  string `json:"shell"`  // its name
	Script string `json:"script"` // what the shell reads
}

func (p *program) completion(c *cli.Context) error {
	given, err := takeArguments(c, "SHELL")
	if err != nil {
		return err
	}
	for _, s := range shells() {
		if s.name != given[0] {
			continue
		}
		script, err := completions.ReadFile(s.file)
		if err != nil {
			return fmt.Errorf("reading the script: %w", err)
		}
		document := completionDocument{Shell: s.name, Script: string(script)}
		return p.out.result(document, func(page *page) { page.line("%s", strings.TrimSuffix(string(script), "\n")) })
	}
	err2 := failf("there is no completion for %s; use one of %s", given[0], strings.Join(shellNames(), ", "))
	if near := config.Suggest(given[0], shellNames()); near != "" {
		return err2.hint("did you mean %s?", near)
	}
	return err2
}
