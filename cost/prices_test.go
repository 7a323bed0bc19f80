package cost

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every item that the program can charge for has a price, and none stands in the
// table for nothing.
func TestEveryItemHasAPrice(t *testing.T) {
	source, err := os.ReadFile("prices.go")
	if err != nil {
		t.Fatal(err)
	}
	var named []Item
	for _, m := range regexp.MustCompile(`Item = "([^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		named = append(named, Item(m[1]))
	}
	if len(named) < 20 {
		t.Fatalf("only %d items were found", len(named))
	}
	var file struct{ Regions map[string]json.RawMessage }
	if err := json.Unmarshal(priceList, &file); err != nil {
		t.Fatal(err)
	}
	for region := range file.Regions {
		table, err := Prices(region)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range named {
			price, ok := table.prices[item]
			if !ok {
				t.Errorf("%s has no price in %s", item, region)
				continue
			}
			if !slices.Contains(services, price.Service) || price.Unit == "" || price.Source == "" {
				t.Errorf("%s: %+v is not complete", item, price)
			}
			if !strings.HasPrefix(price.Page, "https://aws.amazon.com/") {
				t.Errorf("%s: %q is no page of AWS", item, price.Page)
			}
			if price.Seen != "" && !regexp.MustCompile(`^20\d\d-(0[1-9]|1[0-2])(-\d\d)?$`).MatchString(price.Seen) {
				t.Errorf("%s: seen %q, which is no date", item, price.Seen)
			}
		}
		for item := range table.prices {
			if !slices.Contains(named, item) {
				t.Errorf("nothing charges for %s", item)
			}
		}
	}
}

func TestUnknownRegion(t *testing.T) {
	_, err := Prices("eu-west-1")
	unknown, ok := errors.AsType[*UnknownRegionError](err)
	if !ok || unknown.Region != "eu-west-1" || !slices.Contains(unknown.Known, "us-east-1") {
		t.Errorf("got %v", err)
	}
}

const small = `{
	"items": {"s3.put": {"service": "S3", "unit": "PUT request", "page": "https://aws.amazon.com/s3/pricing/"}},
	"sources": {"new": {"seen": "2026-10-03", "text": "a list"}},
	"regions": {"us-east-1": {"s3.put": {"usd": 0.000005, "source": "new"}}}
}`

// The date is that of the oldest price; one that nobody has confirmed has none.
func TestDate(t *testing.T) {
	table, err := Prices("us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	if table.Date != "2026-03-13" {
		t.Errorf("the oldest price is of %s", table.Date)
	}
	if seen := table.Of(TableRecovery).Seen; seen != "" {
		t.Errorf("a price of unknown date was seen %s", seen)
	}
	if table, err = read([]byte(small), "us-east-1"); err != nil || table.Date != "2026-10-03" {
		t.Errorf("%q, %v", table.Date, err)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, change := range map[string][2]string{
		"no source":      {`"source": "new"`, `"source": "old"`},
		"no price":       {`"usd": 0.000005`, `"usd": 0`},
		"unknown item":   {`{"s3.put": {"usd"`, `{"s3.get": {"usd": 1, "source": "new"}, "s3.put": {"usd"`},
		"missing item":   {`{"s3.put": {"usd": 0.000005, "source": "new"}}`, `{}`},
		"a field more":   {`"source": "new"`, `"source": "new", "euro": 1`},
		"no JSON at all": {`{`, ``},
	} {
		if _, err := read([]byte(strings.Replace(small, change[0], change[1], 1)), "us-east-1"); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// docs/cost.md shows the table.
func TestGuideHasEveryPrice(t *testing.T) {
	guide, err := os.ReadFile("../docs/cost.md")
	if err != nil {
		t.Fatal(err)
	}
	for item, price := range table(t).prices {
		seen := price.Seen
		if seen == "" {
			seen = "not confirmed"
		}
		row := "\n| `" + string(item) + "` | " + strconv.FormatFloat(price.USD, 'f', -1, 64) + " | " + price.Unit + " | " + seen + " |\n"
		if !strings.Contains(string(guide), row) {
			t.Errorf("docs/cost.md lacks%s", row)
		}
	}
}
