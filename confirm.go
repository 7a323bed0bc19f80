package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// confirm has the person type a word before something goes that does not come
// back. what finishes the sentence "… needs a confirmation".
func (p *program) confirm(ctx context.Context, what, word string) error {
	if p.globals.yes {
		return nil
	}
	if !p.onTerminal() {
		return failf("%s needs a confirmation, and there is no terminal to ask on; nothing was changed", what).
			with("NotConfirmed", nil).
			hint("--yes confirms beforehand")
	}
	p.out.ask(fmt.Sprintf("type %s to go on: ", p.out.e.strong(word)))
	answer, err := readLine(ctx, p.in)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if ended(err) {
		p.out.ask("\n")
		return &fault{message: ending(err) + "; nothing was changed", cause: err}
	}
	if err != nil {
		return err
	}
	if answer != word {
		return failf("not confirmed; nothing was changed").with("NotConfirmed", nil)
	}
	return nil
}

// onTerminal tells whether somebody can be asked.
func (p *program) onTerminal() bool { return isTerminal(p.in) && isTerminal(p.err) }

// readLine reads an answer, or gives up when the context ends: a read from a
// terminal cannot be called off. Input that is closed instead of an answer is an
// interruption.
func readLine(ctx context.Context, in io.Reader) (string, error) {
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := bufio.NewReader(in).ReadString('\n')
		answers <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case a := <-answers:
		if errors.Is(a.err, io.EOF) && a.text == "" {
			return "", errInterrupted
		}
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return "", fmt.Errorf("reading the answer: %w", a.err)
		}
		return strings.TrimSpace(a.text), nil
	}
}
