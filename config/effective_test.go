package config

import (
	"slices"
	"strings"
	"testing"
)

func effective(t *testing.T, content string, flags Flags, variables ...string) map[string]string {
	t.Helper()
	values, file, err := Effective(flags, environ(variables...), write(t, content))
	if err != nil {
		t.Fatal(err)
	}
	if file != FileName {
		t.Errorf("the file is %q", file)
	}
	shown := map[string]string{}
	for _, v := range values {
		shown[v.Key] = v.Text() + " | " + v.String()
	}
	return shown
}

func TestEffectiveNamesEachSource(t *testing.T) {
	shown := effective(t, `
name: orders
stream: {shards: 3, retention_hours: 48}
environments:
  prod:
    stream:
      shards: 8
    tags: {tier: high}
tags:
  team: web
lookups:
  - name: products
    key: order.sku
    fields: [title, {from: price, to: cost}]
`, Flags{Environment: "prod"}, "ENRICH_REGION", "eu-west-1", "ENRICH_ENVIRONMENT", "staging")
	for key, want := range map[string]string{
		"name":                               "orders | enrich.yaml:2",
		"environment":                        "prod | --environment",
		"region":                             "eu-west-1 | ENRICH_REGION",
		"stream.shards":                      "8 | environments.prod in enrich.yaml:7",
		"stream.retention_hours":             "48 | enrich.yaml:3",
		"stream.mode":                        "provisioned | default",
		"stream.shard_metrics":               "[] | default",
		"mapping.maximum_record_age_seconds": "86400 | default: half of stream.retention_hours, at most 604800",
		"tags.team":                          "web | enrich.yaml:10",
		"tags.tier":                          "high | environments.prod in enrich.yaml:8",
		"lookups[0].key":                     "order.sku | enrich.yaml:13",
		"lookups[0].table_key":               "sku | default: the last part of key",
		"lookups[0].fields":                  "[title, {from: price, to: cost}] | enrich.yaml:14",
		"lookups[0].cache.ttl_seconds":       "60 | default",
		"lookups[0].table.mode":              "on-demand | default: table.mode",
	} {
		if shown[key] != want {
			t.Errorf("%s is %s, want %s", key, shown[key], want)
		}
	}
	if _, ok := shown["tags"]; ok {
		t.Error("tags are shown twice")
	}
}

// Every key is there, in whatever way it is given, and has a value.
func TestEffectiveIsComplete(t *testing.T) {
	for _, content := range []string{"", everyKey} {
		shown := effective(t, content, Flags{})
		for _, k := range Keys() {
			if k.Type == Section || k.Type == SectionList || k.Type == TextMap && content != "" {
				continue
			}
			key := strings.Replace(k.Path, "[]", "[0]", 1)
			text, ok := shown[key]
			if !ok {
				t.Errorf("%s is not there", key)
			}
			if given := !strings.Contains(text, "| default"); given != (content != "") && !strings.HasPrefix(key, "lookups") {
				t.Errorf("%s is %s", key, text)
			}
		}
	}
	values, file, err := Effective(Flags{}, environ(), t.TempDir())
	if err != nil || file != "" || slices.ContainsFunc(values, func(v Value) bool { return v.Origin != FromDefault }) {
		t.Errorf("without a file: %q %v %v", file, err, values)
	}
}

func TestSuggestKey(t *testing.T) {
	for given, want := range map[string]string{
		"stream.shrads": "stream.shards", "shards": "stream.shards", "Stream.Shards": "stream.shards", "memory": "function.memory", "xyzzy": "",
	} {
		if got := SuggestKey(given); got != want {
			t.Errorf("%s: %q, want %q", given, got, want)
		}
	}
}
