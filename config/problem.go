package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong with the settings.
type Problem struct {
	File    string // "" where no file is to blame
	Line    int    // from 1; 0 where there is none
	Field   string // dotted path in the file, flag or variable; "" for the file as a whole
	Message string
}

func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			b.WriteString(":" + strconv.Itoa(p.Line))
		}
		b.WriteString(": ")
	}
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	return b.String() + p.Message
}

// Problems are all that is wrong with the settings, flags and variables first,
// then by line.
type Problems struct { //nolint:errname // it is what is wrong, one or many
	List []Problem
}

func (p *Problems) Error() string {
	if len(p.List) == 1 {
		return p.List[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d problems with the settings:", len(p.List))
	for _, problem := range p.List {
		b.WriteString("\n  " + problem.String())
	}
	return b.String()
}

func (p *Problems) add(problem Problem) { p.List = append(p.List, problem) }

// err is nil where there is no problem, which a nil *Problems would not be.
func (p *Problems) err() error {
	if len(p.List) == 0 {
		return nil
	}
	slices.SortStableFunc(p.List, func(a, b Problem) int { return a.Line - b.Line })
	return p
}

// shown quotes what was given, cut to what fits a line.
func shown(text string) string {
	runes := []rune(text)
	if len(runes) > 60 {
		return strconv.Quote(string(runes[:60])) + "…"
	}
	return strconv.Quote(text)
}
