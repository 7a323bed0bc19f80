package emulator

import (
	"strings"
	"testing"
	"time"
)

func TestFaultGrammar(t *testing.T) {
	for text, want := range map[string]Fault{
		"dynamodb.BatchGetItem:throttle,rate=0.2":  {Service: "dynamodb", Operation: "BatchGetItem", Kind: FaultThrottle, Rate: 0.2},
		"s3:error,after=10s,for=30s":               {Service: "s3", Kind: FaultError, Rate: 1, After: 10 * time.Second, For: 30 * time.Second},
		"*:delay=80ms":                             {Kind: FaultDelay, Rate: 1, Delay: 80 * time.Millisecond},
		"*.PutObject:kill-after,skip=2,limit=1":    {Operation: "PutObject", Kind: FaultKillAfter, Rate: 1, Skip: 2, Limit: 1},
		"kinesis.PutRecords:unprocessed,rate=0.05": {Service: "kinesis", Operation: "PutRecords", Kind: FaultUnprocessed, Rate: 0.05},
	} {
		got, err := ParseFault(text)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
		if want.String() != text {
			t.Errorf("%+v is written as %s, want %s", want, want, text)
		}
	}
	if got, err := ParseFault("s3.*:error,for=30s,after=10s"); err != nil || got.String() != "s3:error,after=10s,for=30s" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestBadFaultGrammarIsToldAtOnce(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "a fault is SERVICE",
		"s3":               "a fault is SERVICE",
		":error":           `"" names no calls`,
		"s3.:error":        `"s3." names no calls`,
		"s3:":              "there is no kind",
		"s3:error=1s":      "the kind error has no value",
		"s3:delay":         `delay: "" is not a time of more than 0, as 80ms or 30s`,
		"s3:delay=0s":      `delay: "0s" is not a time of more than 0, as 80ms or 30s`,
		"s3:error,rate=0":  `rate: "0" is not a number above 0 and at most 1`,
		"s3:error,rate":    `rate: "" is not a number above 0 and at most 1`,
		"s3:error,limit=0": `limit: "0" is not a whole number of 1 or more`,
		"s3:error,":        `"" is none of rate`,
		".x:delay=1,rate=NaN,skip=-1,for=x,skip=1,odds=3": strings.Join([]string{
			`".x" names no calls`, `delay: "1" is not`, `rate: "NaN" is not`, `skip: "-1" is not`, `for: "x" is not`, "skip is there twice", `"odds" is none of`,
		}, "\n"),
	} {
		_, err := ParseFault(text)
		if err == nil {
			t.Errorf("%s is taken", text)
			continue
		}
		got, parts := strings.Split(err.Error(), "\n"), strings.Split(want, "\n")
		if len(got) != len(parts) {
			t.Errorf("%s: got %d problems, want %d: %v", text, len(got), len(parts), err)
			continue
		}
		for i := range parts {
			if !strings.HasPrefix(got[i], parts[i]) {
				t.Errorf("%s: got %s, want %s", text, got[i], parts[i])
			}
		}
	}
}

func TestReadinessGrammar(t *testing.T) {
	for text, want := range map[string]Readiness{
		"role=8s,stream=15s": {Role: 8 * time.Second, Stream: 15 * time.Second},
		"policy=1s,table=2s,function=3s,mapping=4s,visible=5s,busy=1m0s": {
			Policy: time.Second, Table: 2 * time.Second, Function: 3 * time.Second, Mapping: 4 * time.Second, Visible: 5 * time.Second, Busy: time.Minute,
		},
	} {
		if got, err := ParseReadiness(text); err != nil || got != want || want.String() != text {
			t.Errorf("%s: got %+v, %v; written %s", text, got, err, want)
		}
	}
	aws, err := ParseReadiness("aws,stream=0s")
	if want := readinessOfAWS; err != nil || aws.Stream != 0 || aws.Role != want.Role || aws.Role == 0 {
		t.Errorf("got %+v, %v", aws, err)
	}
	_, err = ParseReadiness("role,stream=-1s,moon=1s,table=1s,table=2s,aws")
	for _, part := range []string{`"role" is not NAME=TIME`, `stream: "-1s" is not a time`, `"moon" is none of role, policy`, "table is there twice", `"aws" is not NAME=TIME`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want %s", err, part)
		}
	}
}

// Whatever is taken as a rule means the same once it is written.
func FuzzParseFault(f *testing.F) {
	for _, text := range []string{
		"*:delay=80ms", "s3:error,after=10s,for=30s", "dynamodb.BatchGetItem:throttle,rate=0.2,skip=1,limit=3", "*.*:kill", ":", "a.b:c=d,e",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ParseFault(text)
		if err != nil {
			return
		}
		if second, err := ParseFault(first.String()); err != nil || second != first {
			t.Errorf("%q is %+v, written as %s, read as %+v, %v", text, first, first, second, err)
		}
	})
}

// Whatever is taken as times means the same once it is written.
func FuzzParseReadiness(f *testing.F) {
	for _, text := range []string{"aws", "role=8s,stream=15s", "aws,busy=0s", "=,", "role=1h1m1.5s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ParseReadiness(text)
		if err != nil || first == (Readiness{}) {
			return
		}
		if second, err := ParseReadiness(first.String()); err != nil || second != first {
			t.Errorf("%q is %+v, written as %s, read as %+v, %v", text, first, first, second, err)
		}
	})
}
