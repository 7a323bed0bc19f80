package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// mailbox keeps the links that confirm subscriptions: the emulator logs what would
// be a mail.
type mailbox struct {
	mu    sync.Mutex
	links map[string]string // by address
}

// mailboxKey is where a script keeps its mailbox.
type mailboxKey struct{}

func mailboxOf(ts *testscript.TestScript) *mailbox {
	m, ok := ts.Value(mailboxKey{}).(*mailbox)
	if !ok {
		ts.Fatalf("the script was not set up")
	}
	return m
}

func (m *mailbox) Enabled(context.Context, slog.Level) bool { return true }
func (m *mailbox) WithAttrs([]slog.Attr) slog.Handler       { return m }
func (m *mailbox) WithGroup(string) slog.Handler            { return m }

func (m *mailbox) Handle(_ context.Context, record slog.Record) error {
	values := map[string]string{}
	record.Attrs(func(a slog.Attr) bool { values[a.Key] = a.Value.String(); return true })
	if values["link"] == "" {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.links == nil {
		m.links = map[string]string{}
	}
	m.links[values["address"]] = values["link"]
	return nil
}

// follow opens the link of the last mail to an address.
func (m *mailbox) follow(ctx context.Context, address string) (status int, err error) {
	m.mu.Lock()
	link := m.links[address]
	m.mu.Unlock()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// confirmMail follows the link in the mail to an address: confirm ADDRESS.
func confirmMail(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: emulate, then confirm ADDRESS")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	status, err := mailboxOf(ts).follow(ctx, args[0])
	ts.Check(err)
	if status != http.StatusOK {
		ts.Fatalf("the link answers with %d", status)
	}
}
