package emulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestFaultsAreSetOverTheControlAddress(t *testing.T) {
	s := startServer(t, Options{})
	ask := func(method, body string) FaultsReport {
		t.Helper()
		reply, answer := send(t, s, method, "/_enrich/faults", "", body)
		var report FaultsReport
		if err := json.Unmarshal([]byte(answer), &report); err != nil || reply.StatusCode != http.StatusOK || report.Version != controlVersion {
			t.Fatalf("%s %s: %d %s, %v", method, body, reply.StatusCode, answer, err)
		}
		return report
	}
	if got := ask("GET", ""); got.Rules == nil || len(got.Rules) != 0 {
		t.Errorf("at first %+v", got)
	}
	if got := ask("PUT", `{"version":1,"seed":7,"rules":["sts.GetCallerIdentity:error,limit=1","*:delay=1ms"]}`); got.Seed != 7 || len(got.Rules) != 2 {
		t.Errorf("set %+v", got)
	}
	client := sts.NewFromConfig(sdkConfig(s), func(o *sts.Options) { o.RetryMaxAttempts = 1 })
	_, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantCode(t, err, "InternalFailure")
	_, err = client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	must(t, err)
	want := RuleReport{Rule: "sts.GetCallerIdentity:error,limit=1", Calls: 2, Struck: 1}
	if got := ask("GET", ""); got.Rules[0] != want || got.Rules[1].Struck != 2 {
		t.Errorf("counted %+v", got)
	}
	refused := func(method, address, body string, want ...string) {
		t.Helper()
		reply, answer := send(t, s, method, address, "", body)
		var problems Problems
		if err := json.Unmarshal([]byte(answer), &problems); err != nil || reply.StatusCode != http.StatusBadRequest || len(problems.Problems) != len(want) {
			t.Fatalf("%s: %d %s, %v", body, reply.StatusCode, answer, err)
		}
		for i, part := range want {
			if !strings.Contains(problems.Problems[i], part) {
				t.Errorf("%s: got %s, want %s", body, problems.Problems[i], part)
			}
		}
	}
	refused("PUT", "/_enrich/faults", `{"rules":["s3","s3:error,rate=2,x=1","nosuch:storm"]}`,
		`rules[0] "s3": a fault is`, `rules[1] "s3:error,rate=2,x=1": rate: "2"`, `rules[1] "s3:error,rate=2,x=1": "x" is none`,
		`rules[2] "nosuch:storm": the emulator does not have the kind "storm"`, `rules[2] "nosuch:storm": the emulator does not have the service "nosuch"`)
	refused("PUT", "/_enrich/faults", `{"rules":[],"sead":7}`, "sead")
	refused("PUT", "/_enrich/faults", `{"seed":7}`, "rules: it is missing")
	refused("PUT", "/_enrich/faults", `{"version":2,"rules":[]}`, "version: this emulator takes 1, not 2")
	refused("PUT", "/_enrich/faults", `{`, "reading the document")
	refused("PUT", "/_enrich/faults", `{"rules":[],"seed":-1}`, "seed")
	refused("PUT", "/_enrich/readiness", `{"readiness":{"role":"x","moon":"1s"}}`, `"moon" is none of role`, `role: "x" is not a time`)
	refused("PUT", "/_enrich/readiness", `{"role":"1s"}`, "role")
	refused("PUT", "/_enrich/readiness", `{}`, "readiness: it is missing")
	if got := ask("GET", ""); got.Rules[0] != want {
		t.Errorf("after what was refused %+v", got)
	}
	if got := ask("DELETE", ""); len(got.Rules) != 0 || got.Seed != 0 || len(s.Faults()) != 0 {
		t.Errorf("cleared %+v", got)
	}
}

func TestReadinessIsSetOverTheControlAddress(t *testing.T) {
	s := startServer(t, Options{Readiness: Readiness{Role: time.Second}})
	ask := func(method, body, want string, now Readiness) {
		t.Helper()
		reply, answer := send(t, s, method, "/_enrich/readiness", "", body)
		if reply.StatusCode != http.StatusOK || !strings.Contains(answer, want) || !strings.HasPrefix(answer, `{"version":1,`) || s.Readiness() != now {
			t.Errorf("%s: %d %s; now %+v", method, reply.StatusCode, answer, s.Readiness())
		}
	}
	ask("GET", "", `"role":"1s"`, Readiness{Role: time.Second})
	ask("PUT", `{"readiness":{"stream":"15s","table":"500ms"}}`, `"stream":"15s"`, Readiness{Stream: 15 * time.Second, Table: 500 * time.Millisecond})
	ask("DELETE", "", `"stream":"0s"`, Readiness{})
}

func TestControlAddressesAreNotForBrowsers(t *testing.T) {
	s := startServer(t, Options{})
	for _, address := range []string{"/_enrich/faults", "/_enrich/readiness"} {
		reply, _ := send(t, s, "PUT", address, "", `{"rules":["*:error"],"readiness":{}}`, "Origin", "https://example.com")
		if reply.StatusCode != http.StatusForbidden || len(s.Faults()) != 0 {
			t.Errorf("%s: %d, and %v are set", address, reply.StatusCode, s.Faults())
		}
		if reply, _ := send(t, s, "POST", address, "", "{}"); reply.StatusCode != http.StatusMethodNotAllowed || reply.Header.Get("Allow") != "DELETE, GET, PUT" {
			t.Errorf("%s: POST gives %d", address, reply.StatusCode)
		}
	}
	if reply, _ := send(t, s, "GET", "/_enrich/faults/1", "", ""); reply.StatusCode != http.StatusNotFound {
		t.Errorf("got %d", reply.StatusCode)
	}
}
