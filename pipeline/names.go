package pipeline

import (
	"fmt"
	"regexp"
	"strings"

	"enrich/config"
)

// Names that AWS knows a pipeline's resources by. They derive from name,
// environment, account and region alone, so that a lost record can be rebuilt.
type Names struct {
	Stream     string            `json:"stream"`
	Function   string            `json:"function"`
	Bucket     string            `json:"bucket"`
	Role       string            `json:"role"`
	LogGroup   string            `json:"log_group"`
	Dashboard  string            `json:"dashboard"`
	AlarmTopic string            `json:"alarm_topic"`
	Tables     map[string]string `json:"tables"` // by the name of the lookup
}

func namesOf(id Identity, lookups []config.Lookup) Names {
	p := id.prefix()
	names := Names{
		Stream:   p + "-stream",
		Function: p + "-function",
		// Bucket names are global within a partition.
		Bucket: p + "-" + id.Account + "-" + id.Region,
		// IAM is global in an account: one role for each region.
		Role:     p + "-" + id.Region + "-role",
		LogGroup: "/aws/lambda/" + p + "-function",
		// So are dashboards.
		Dashboard:  p + "-" + id.Region,
		AlarmTopic: p + "-alarms",
		Tables:     make(map[string]string, len(lookups)),
	}
	for _, lookup := range lookups {
		names.Tables[lookup.Name] = p + "-" + lookup.Name
	}
	return names
}

// Account and region in the place of unknown ones: every account number has 12
// digits, and no region is shorter.
const (
	anyAccount  = "000000000000"
	shortRegion = "us-east-1"
)

// rule is what a service asks of a name.
type rule struct {
	least, most int
	form        *regexp.Regexp
	allowed     string
}

var (
	streamRule    = rule{1, 128, regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`), "letters, digits, _ . -"}
	tableRule     = rule{3, 255, regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`), "letters, digits, _ . -"}
	bucketRule    = rule{3, 63, regexp.MustCompile(`^[a-z0-9][a-z0-9-]*[a-z0-9]$`), "lower-case letters, digits and -, beginning with a letter or a digit"}
	roleRule      = rule{1, 64, regexp.MustCompile(`^[\w+=,.@-]+$`), "letters, digits, _ + = , . @ -"}
	functionRule  = rule{1, 64, regexp.MustCompile(`^[a-zA-Z0-9_-]+$`), "letters, digits, _ -"}
	dashboardRule = rule{1, 255, regexp.MustCompile(`^[a-zA-Z0-9_-]+$`), "letters, digits, _ -"}
)

// Checks say what is wrong with what a configuration leads to: names, and the
// function's environment.
func Checks() []config.Check {
	return []config.Check{
		{Field: "name", Problems: checkNames},
		{Field: "lookups", Problems: checkEnvironment},
		{Field: "alarms", Problems: checkAlarms},
	}
}

func checkNames(cfg config.Config) []string { return problemsOf(anyIdentity(cfg), cfg.Lookups) }

func checkEnvironment(cfg config.Config) []string {
	if _, err := functionEnvironment(cfg, namesOf(anyIdentity(cfg), cfg.Lookups)); err != nil {
		return []string{err.Error()}
	}
	return nil
}

func checkAlarms(cfg config.Config) []string {
	id := anyIdentity(cfg)
	p := &Pipeline{cfg: cfg, id: id, names: namesOf(id, cfg.Lookups)}
	if problem := ruleProblem(p.metricAlarms()); problem != "" && cfg.Alarms.Composite {
		return []string{problem}
	}
	return nil
}

// anyIdentity is a configuration's whatever the account. An unknown region counts
// as a short one: New asks again when the region is known.
func anyIdentity(cfg config.Config) Identity {
	region := cfg.Region
	if region == "" {
		region = shortRegion
	}
	return Identity{Name: cfg.Name, Environment: cfg.Environment, Account: anyAccount, Region: region}
}

func problemsOf(id Identity, lookups []config.Lookup) []string {
	names := namesOf(id, lookups)
	var problems []string
	check := func(kind, name string, r rule) {
		if problem := r.problem(kind, name, id.Name); problem != "" {
			problems = append(problems, problem)
		}
	}
	check("data stream", names.Stream, streamRule)
	check("function", names.Function, functionRule)
	check("execution role", names.Role, roleRule)
	check("delivery bucket", names.Bucket, bucketRule)
	check("dashboard", names.Dashboard, dashboardRule)
	for _, lookup := range lookups {
		check("lookup table", names.Tables[lookup.Name], tableRule)
	}
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	for _, reserved := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(names.Bucket, reserved) {
			problems = append(problems, fmt.Sprintf("the delivery bucket's name %q begins with %q, which S3 reserves: choose another name", names.Bucket, reserved))
		}
	}
	return problems
}

// problem says what is wrong with a name and what to do about the user's part
// of it; "" is well.
func (r rule) problem(kind, name, base string) string {
	if over := len(name) - r.most; over > 0 {
		return fmt.Sprintf("the %s's name %q has %d characters, AWS allows %d: make name %q at least %d shorter", kind, name, len(name), r.most, base, over)
	}
	if len(name) < r.least {
		return fmt.Sprintf("the %s's name %q has %d characters, AWS asks for %d at least", kind, name, len(name), r.least)
	}
	if r.form.MatchString(name) {
		return ""
	}
	if lower := strings.ToLower(name); r.form.MatchString(lower) {
		return fmt.Sprintf("the %s's name %q has capital letters, AWS allows none there: write name %q", kind, name, strings.ToLower(base))
	}
	return fmt.Sprintf("the %s's name %q has characters that AWS does not allow there (allowed: %s)", kind, name, r.allowed)
}
