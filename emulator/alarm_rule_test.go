package emulator

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func TestAlarmRules(t *testing.T) {
	states := map[string]types.StateValue{
		"bad": types.StateValueAlarm, "good": types.StateValueOk, "new": types.StateValueInsufficientData,
		"arn:aws:cloudwatch:us-east-1:000000000000:alarm:bad": types.StateValueAlarm, `with "space" (x)`: types.StateValueAlarm, "AND": types.StateValueOk,
	}
	for rule, want := range map[string]bool{
		"TRUE": true, "FALSE": false, "false": false, "NOT FALSE": true, "NOT NOT TRUE": true,
		"ALARM(bad)": true, "OK(bad)": false, "ALARM( bad )": true, `ALARM("bad")`: true, "INSUFFICIENT_DATA(new)": true, "OK(new)": false,
		"ALARM(arn:aws:cloudwatch:us-east-1:000000000000:alarm:bad)": true,
		`ALARM("with \"space\" (x)")`:                                true,
		`OK("AND")`:                                                  true,
		"OK(AND)":                                                    true,
		"ALARM(good) AND ALARM(good) OR ALARM(bad)":                  true, // AND binds tighter
		"ALARM(bad) OR ALARM(good) AND ALARM(good)":                  true,
		"(ALARM(bad) OR ALARM(good)) AND ALARM(good)":                false,
		"NOT ALARM(bad) OR ALARM(bad)":                               true, // NOT binds tightest
		"NOT (ALARM(bad) OR ALARM(bad))":                             false,
		"ALARM(bad)\nAND\tNOT OK(bad)":                               true,
		"AT_LEAST(2, ALARM, (bad, good, new))":                       false,
		"AT_LEAST(2, NOT ALARM, (bad, good, new))":                   true,
		"AT_LEAST(34%, OK, (bad, good, new))":                        false,
		"AT_LEAST(33%, OK, (bad, good, new)) AND TRUE":               true,
	} {
		parsed, names, err := parseAlarmRule(rule)
		if err != nil {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		if got := parsed(func(name string) types.StateValue { return states[name] }); got != want {
			t.Errorf("%s is %v", rule, got)
		}
		for _, name := range names {
			if states[name] == "" {
				t.Errorf("%s: names %q", rule, names)
			}
		}
	}
	if _, names, err := parseAlarmRule("ALARM(b) OR OK(a) OR OK(b)"); err != nil || !slices.Equal(names, []string{"b", "a"}) {
		t.Errorf("names %v, %v", names, err)
	}
}

func TestAlarmRuleErrors(t *testing.T) {
	for rule, want := range map[string]string{
		"":          "AlarmRule must not contain leading or trailing whitespace or be null",
		" ALARM(a)": "AlarmRule must not contain leading or trailing whitespace or be null",
		"ALARM(a) ": "AlarmRule must not contain leading or trailing whitespace or be null",
		"()":        "Error in AlarmRule [Unsupported token ')' at char 1, must be: '(', 'NOT', AT_LEAST, TRUE or FALSE, ALARM, OK, or INSUFFICIENT_DATA]",
		"alarm(a)":  "Unsupported token 'alarm' at char 0",
		"ALARM":     "Unexpected end of the rule, must be: '('",
		"ALARM(a":   "Unexpected end of the rule, must be: ')'",
		"ALARM()":   "Unsupported token ')' at char 6, must be: an alarm name or ARN",
		`ALARM("")`: "must be: an alarm name or ARN",
		`ALARM("a)`: "must be: a closing '\"'",
		"(ALARM(SampleQueue Oldest Age Alarm) OR TRUE)": "Error in AlarmRule [Unsupported token 'Oldest' at char 19, must be: ')']",
		"ALARM(a) ALARM(b)":                             "Unsupported token 'ALARM' at char 9, must be: 'AND' or 'OR'",
		"ALARM(a) AND":                                  "Unexpected end of the rule",
		"ALARM(ä) XOR ALARM(b)":                         "Unsupported token 'XOR' at char 9",
		"NOT":                                           "Unexpected end of the rule",
		`"ALARM"(a)`:                                    "Unsupported token 'ALARM' at char 0",
		"(TRUE":                                         "Unexpected end of the rule, must be: ')'",
		"AT_LEAST(0, ALARM, (a))":                       "a number from 1 or a percentage",
		"AT_LEAST(101%, ALARM, (a))":                    "a number from 1 or a percentage",
		"AT_LEAST(2, ALARM, (a))":                       "can never hold",
		"AT_LEAST(1, GONE, (a))":                        "must be: ALARM, OK, or INSUFFICIENT_DATA",
		strings.Repeat("x", 10_241):                     "longer than 10240 characters",
		"TRUE" + strings.Repeat(" OR TRUE", 500):        "more than 500 elements",
		"AT_LEAST(1, OK, (" + strings.Join(slices.Collect(func(yield func(string) bool) {
			for i := range 101 {
				if !yield("a" + string(rune('一'+i))) {
					return
				}
			}
		}), ",") + "))": "more than 100 alarms",
	} {
		_, _, err := parseAlarmRule(rule)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "ValidationException: ") {
			t.Errorf("%.60s: got %v, want %s", rule, err, want)
		}
	}
}

// FuzzAlarmRule holds the parser to ending with either a rule, which then can be
// asked, or an error that CloudWatch could have.
func FuzzAlarmRule(f *testing.F) {
	for _, seed := range []string{
		"ALARM(a) AND (OK(b) OR NOT INSUFFICIENT_DATA(\"c d\"))", "AT_LEAST(50%, NOT OK, (a, b))", `ALARM("\"")`, "((((", "NOT NOT", "TRUE OR", "ALARM(a),", "\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rule, names, err := parseAlarmRule(text)
		if err != nil {
			if api, ok := errors.AsType[*apiError](err); !ok || api.Code != "ValidationException" || rule != nil && names != nil {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		known := map[string]bool{}
		for _, name := range names {
			if name == "" || known[name] {
				t.Fatalf("%q: names %q", text, names)
			}
			known[name] = true
		}
		for _, value := range types.StateValue("").Values() {
			rule(func(name string) types.StateValue {
				if !known[name] {
					t.Fatalf("%q asks for %q, which is not among %q", text, name, names)
				}
				return value
			})
		}
		// The same words with other white space are the same rule.
		again, _, err := parseAlarmRule("(" + text + "\n)")
		if err != nil {
			if !strings.Contains(err.Error(), "more than") && !strings.Contains(err.Error(), "longer than") {
				t.Fatalf("%q in parentheses: %v", text, err)
			}
			return
		}
		all := func(string) types.StateValue { return types.StateValueAlarm }
		if rule(all) != again(all) {
			t.Fatalf("%q in parentheses is something else", text)
		}
	})
}
