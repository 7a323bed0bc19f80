package main

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// With a lookup that is removed the function stops using its table before the role
// loses it, and with one that is added the role has its table first.
func TestRoleFollowsLookups(t *testing.T) {
	d := newDeployer(t)
	one := d.file("one.yaml", "lookups: [{name: users, key: user_id, fields: [name]}]\n")
	two := d.file("two.yaml", "lookups: [{name: users, key: user_id, fields: [name]}, {name: shops, key: shop_id, fields: [name]}]\n")
	d.well("deploy", "-c", two)
	var mu sync.Mutex
	var calls []string
	d.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		switch {
		case strings.Contains(string(body), "Action=PutRolePolicy"):
			calls = append(calls, "role")
		case r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/configuration"):
			calls = append(calls, "function")
		}
		mu.Unlock()
		d.server.ServeHTTP(w, r)
	})
	for _, test := range []struct {
		config string
		want   []string
	}{{one, []string{"function", "role"}}, {two, []string{"role", "function"}}} {
		calls = nil
		d.well("deploy", "-c", test.config)
		if !slices.Equal(calls, test.want) {
			t.Errorf("changed %q, want %q", calls, test.want)
		}
	}
}
