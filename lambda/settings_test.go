package lambda

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enrich/enrichment"
)

func TestSettings(t *testing.T) {
	got, err := readSettings(environment("", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"))
	want := settings{bucket: "bucket", output: Output{Prefix: "enriched-data/"}, lookups: []enrichment.Lookup{enrichment.DefaultLookup("users")}, source: "TABLE_NAME", memory: 256 << 20}
	if err != nil || !cmp.Equal(got, want, cmp.AllowUnexported(settings{})) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got, cmp.AllowUnexported(settings{})))
	}
	got, err = readSettings(environment("", "ENRICH_OUTPUT_PREFIX", "team=a/out/", "LOG_LEVEL", "warn", "TABLE_NAME", "",
		"ENRICH_LOOKUPS", `[{"name":"shops","table":"shops","key":"order.shop","fields":["city"]}]`, "ENRICH_OUTPUT_COMPRESSION", "zstd",
		"ENRICH_OUTPUT_PARTITION", "hive", "ENRICH_OUTPUT_PARTITION_BY", "meta.type", "ENRICH_OUTPUT_MAX_PARTITIONS", "1000"))
	lookup := enrichment.Lookup{Name: "shops", Table: "shops", Key: "order.shop", TableKey: "shop", Fields: []enrichment.Field{{From: "city"}}, Missing: enrichment.MissingUnknown, Cache: enrichment.DefaultCache()}
	want = settings{
		bucket: "bucket", lookups: []enrichment.Lookup{lookup}, source: "ENRICH_LOOKUPS", level: slog.LevelWarn,
		output: Output{Prefix: "team=a/out/", Compression: Zstd, Partition: Hive, PartitionBy: "meta.type", MaxPartitions: 1000},
	}
	if err != nil || !cmp.Equal(got, want, cmp.AllowUnexported(settings{})) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got, cmp.AllowUnexported(settings{})))
	}
}

func TestBadSettings(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"BUCKET_NAME", "", "BUCKET_NAME is missing: "},
		{"BUCKET_NAME", "My_Bucket", `BUCKET_NAME: "My_Bucket" is no bucket name`},
		{"TABLE_NAME", "", "TABLE_NAME is missing: "},
		{"TABLE_NAME", "a table", `TABLE_NAME: "a table" is no table name or ARN`},
		{"ENRICH_LOOKUPS", "users", "ENRICH_LOOKUPS: not an array of lookups: "},
		{"ENRICH_LOOKUPS", `[{"name":"users","table":"users","key":"id","fields":["a","a"]}]`, "ENRICH_LOOKUPS: [0] (users).fields[1]: "},
		{"ENRICH_OUTPUT_PREFIX", "enriched", `ENRICH_OUTPUT_PREFIX: "enriched" is no folder path`},
		{"ENRICH_OUTPUT_PREFIX", "/enriched/", `ENRICH_OUTPUT_PREFIX: "/enriched/" is no folder path`},
		{"ENRICH_OUTPUT_PREFIX", "dead-letter/x/", "ENRICH_OUTPUT_PREFIX: dead-letter/ is for"},
		{"ENRICH_OUTPUT_PREFIX", strings.Repeat("x", 340) + "/", `ENRICH_OUTPUT_PREFIX: "xxxxx`},
		{"ENRICH_OUTPUT_COMPRESSION", "lz4", `ENRICH_OUTPUT_COMPRESSION: "lz4" is none of gzip, zstd, none`},
		{"ENRICH_OUTPUT_PARTITION", "day", `ENRICH_OUTPUT_PARTITION: "day" is none of hour, hive`},
		{"ENRICH_OUTPUT_PARTITION_BY", "a..b", `ENRICH_OUTPUT_PARTITION_BY: "a..b" is no path of field names`},
		{"ENRICH_OUTPUT_PARTITION_BY", "user_segment", `ENRICH_OUTPUT_PARTITION_BY: user_segment is a field that is added`},
		{"ENRICH_OUTPUT_MAX_PARTITIONS", "0", `ENRICH_OUTPUT_MAX_PARTITIONS: "0" is no number from 1 to 1000`},
		{"ENRICH_OUTPUT_MAX_PARTITIONS", "1001", `ENRICH_OUTPUT_MAX_PARTITIONS: "1001" is no number from 1 to 1000`},
		{"ENRICH_OUTPUT_MAX_PARTITIONS", "many", `ENRICH_OUTPUT_MAX_PARTITIONS: "many" is no number from 1 to 1000`},
		{"ENRICH_OUTPUT_PREFIX", "aws/lambda/", "ENRICH_OUTPUT_PREFIX: aws/ is for"},
		{"ENRICH_OUTPUT_PREFIX", "redriven/", "ENRICH_OUTPUT_PREFIX: redriven/ is for"},
		{"ENRICH_OUTPUT_PREFIX", "a/../b/", `ENRICH_OUTPUT_PREFIX: "a/../b/" has a folder named`},
		{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "much", `AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "much" is no number`},
		{"ENRICH_LOOKUPS", `[{"name":"users","table":"users","key":"id","fields":["a"],"cache":{"ttl":0,"stale":1}}]`, "ENRICH_LOOKUPS: [0] (users).cache.stale: 1 needs a ttl"},
		{"LOG_LEVEL", "loud", `LOG_LEVEL: "loud" is none of debug, info, warn, error`},
		{"AWS_REGION", "", "AWS_REGION is missing: "},
		{"AWS_ACCESS_KEY_ID", "", "AWS_ACCESS_KEY_ID is missing: "},
		{"AWS_SECRET_ACCESS_KEY", "", "AWS_SECRET_ACCESS_KEY is missing: "},
		{"AWS_LAMBDA_RUNTIME_API", "", "AWS_LAMBDA_RUNTIME_API is missing: "},
	} {
		_, err := begin(t.Context(), environment("http://127.0.0.1:1", test.name, test.value), io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s=%q: %v, want %s", test.name, test.value, err, test.want)
		}
	}
}

// Caches are held to the function's memory.
func TestCachesThatAreTooLarge(t *testing.T) {
	lookups := `[{"name":"users","table":"users","key":"id","fields":["a"],"cache":{"size":65}}]`
	if _, err := readSettings(environment("", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "260", "ENRICH_LOOKUPS", lookups)); err != nil {
		t.Error(err)
	}
	_, err := readSettings(environment("", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256", "ENRICH_LOOKUPS", lookups))
	if want := "ENRICH_LOOKUPS: the caches have 65 MB together, of the function's 256 MB they may have a quarter"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestEndpoint(t *testing.T) {
	getenv := environment("http://all", "AWS_ENDPOINT_URL_S3", "http://s3")
	if got := *endpointOf(getenv, "S3"); got != "http://s3" {
		t.Error(got)
	}
	if got := *endpointOf(getenv, "DYNAMODB"); got != "http://all" {
		t.Error(got)
	}
	if endpointOf(environment(""), "S3") != nil {
		t.Error("an endpoint where none is set")
	}
}
