package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// An object that somebody else stored under a key that XML cannot hold keeps no command
// from those beside it.
func TestOddKeys(t *testing.T) {
	withoutAccount(t)
	a := newAccount(t)
	empty := takeInventory(t, a.endpoint)
	a.well(t, "deploy")
	want := a.failed(t)
	client := s3.NewFromConfig(elsewhere(t, a.endpoint), func(o *s3.Options) { o.UsePathStyle = true })
	for _, folder := range []string{
		"enriched-data/", "enriched-data/2026/11/25/05/", "enriched-data/2026/11/25/05/type=\x02/",
		"dead-letter/2026/11/25/05/", "aws/lambda/", "redriven/", "redriven/.intents/", "",
	} {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(deployerBucket), Key: aws.String(folder + "\x01odd\x7f"), Body: strings.NewReader("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{"status", "results --since 240h", "results --dead-letter --since 240h", "results --failed-batches --since 240h"} {
		a.well(t, strings.Fields(line)...)
	}
	a.set("", "")
	if code, told := a.enrich(t.Context(), "redrive"); code != exitFailed || strings.Count(told, "warning: ") != 2 || strings.Count(told, "stays where it is") != 2 {
		t.Errorf("redrive exits with %d: %s", code, told)
	}
	if marks, _ := a.redriven(t); !slices.Equal(marks, want) {
		t.Errorf("sent %q, not %q", marks, want)
	}
	a.well(t, "audit", "--since", "1h")
	a.well(t, "destroy", "--yes")
	same(t, "after destroy", empty, takeInventory(t, a.endpoint))
}
