package pipeline

import (
	"slices"
	"strings"

	"enrich/engine"
)

// need is what the methods of a resource ask of AWS on some ARNs. Each kind
// states its own beside those methods; a call that is added there is added here,
// or whoever has only the printed policy cannot make it.
type need struct {
	sid                          string // names the statement; needs of the same name become one
	on                           words  // ARNs
	read, create, update, remove words  // actions of these methods
	use                          words  // actions of the commands that work with what is in it
	condition                    map[string]map[string]conditions
}

// demanding is a resource that states its needs: all kinds do.
type demanding interface{ needs() []need }

const (
	everything = "*"
	// sidUnscoped names the statement of what AWS lets no policy confine.
	sidUnscoped = "Unscoped"
)

// equal is a condition on one key.
func equal(key, value string) map[string]map[string]conditions {
	return map[string]map[string]conditions{"StringEquals": {key: {value}}}
}

// deploymentNeeds are those of the commands that make and remove the pipeline,
// besides what its resources state.
func (p *Pipeline) deploymentNeeds() []need {
	bucket := p.id.bucketARN(p.names.Bucket)
	return []need{
		{sid: "DataStream", on: words{p.id.streamARN(p.names.Stream)}, use: words{
			"kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords", // destroy counts what nobody has read
		}},
		{sid: "DeliveryBucket", on: words{bucket}, use: words{"s3:ListBucket"}}, // how far that has come
		{sid: "DeliveredObjects", on: words{bucket + "/*"}, use: words{"s3:GetObject"}},
		{sid: sidUnscoped, on: words{everything}, use: words{
			"tag:GetResources",       // what neither configuration nor record names
			"kinesis:DescribeLimits", // quotas, before something is created
		}},
	}
}

// dataNeeds are those of the commands that work with what the pipeline holds.
func (p *Pipeline) dataNeeds() []need {
	bucket := p.id.bucketARN(p.names.Bucket)
	list := []need{
		{sid: "DataStream", on: words{p.id.streamARN(p.names.Stream)}, use: words{
			"kinesis:PutRecord",                                                    // test-event
			"kinesis:PutRecords",                                                   // put, bench, redrive
			"kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords", // audit, redrive
		}},
		{sid: "DeliveryBucket", on: words{bucket}, use: words{"s3:ListBucket"}},                                     // test-event, results, bench, status, audit, redrive
		{sid: "LogGroup", on: words{p.id.logGroupARN(p.names.LogGroup) + ":*"}, use: words{"logs:FilterLogEvents"}}, // logs
		{sid: "DeliveredObjects", on: words{bucket + "/*"}, use: words{
			"s3:GetObject",                    // test-event, results, audit, redrive
			"s3:PutObject", "s3:DeleteObject", // redrive
		}},
		{sid: sidUnscoped, on: words{everything}, use: words{
			"tag:GetResources",         // status
			"cloudwatch:GetMetricData", // metrics, status
		}},
	}
	for _, lookup := range p.cfg.Lookups {
		table := p.id.tableARN(p.names.Tables[lookup.Name])
		list = append(list, need{sid: "LookupTables", on: words{table}, use: words{
			"dynamodb:BatchWriteItem",                                  // lookup load, put
			"dynamodb:GetItem", "dynamodb:DeleteItem", "dynamodb:Scan", // lookup get, delete, list and export
		}})
	}
	return list
}

// Purposes of a policy. A document for both may be longer than IAM takes.
const (
	ToDeploy = "deploy" // deploy, plan, status and destroy
	ToUse    = "use"    // status, and whatever works with events, items, results, logs and metrics
)

// DeployerPolicy is the least that somebody has to be allowed who deploys, uses
// and destroys the pipeline, or who does one of both: purpose is ToDeploy, ToUse or
// "". Further resources are those that the configuration no longer has. principal is
// the ARN of the user or role who does so, and may then ask IAM whether all of it is
// allowed; with "" the policy leaves that out.
func (p *Pipeline) DeployerPolicy(principal, purpose string, further ...engine.Resource) Policy {
	var list []need
	for _, r := range append(p.Resources(), further...) {
		if d, ok := r.(demanding); ok {
			list = append(list, d.needs()...)
		}
	}
	if purpose != ToUse {
		list = append(list, p.deploymentNeeds()...)
		if principal != "" {
			list = append(list, selfNeed(principal))
		}
	}
	if purpose != ToDeploy {
		list = append(list, p.dataNeeds()...)
	}
	return Policy{Version: PolicyVersion, Statements: statements(list, func(n need) words {
		if purpose == ToUse {
			return slices.Concat(n.read, n.use)
		}
		return slices.Concat(n.read, n.create, n.update, n.remove, n.use)
	})}
}

// selfNeed is that of who asks IAM about itself. Its session does not tell a role's
// path, so it has to look that up.
func selfNeed(principal string) need {
	n := need{sid: "CheckPermissions", on: words{ssoRole(principal)}, use: words{"iam:SimulatePrincipalPolicy"}}
	if isRole(principal) {
		n.use = append(n.use, "iam:GetRole")
	}
	return n
}

func isRole(principal string) bool { return strings.Contains(principal, ":role/") }

// ssoRole gives a role of IAM Identity Center the path that its ARN has at AWS,
// but for the region that may be in it: sessions leave the path out.
// https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
func ssoRole(principal string) string {
	account, name, found := strings.Cut(principal, ":role/AWSReservedSSO_")
	if !found {
		return principal
	}
	return account + ":role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_" + name
}

// statements grants some of the actions of each need.
func statements(list []need, actions func(need) words) []Statement {
	var granted []Statement
	places := make(map[string]int, len(list))
	for _, n := range list {
		chosen := actions(n)
		if len(chosen) == 0 {
			continue
		}
		at, known := places[n.sid]
		if !known {
			at = len(granted)
			places[n.sid] = at
			granted = append(granted, Statement{Sid: n.sid, Effect: "Allow", Condition: n.condition})
		}
		s := &granted[at]
		s.Action = slices.Compact(slices.Concat(s.Action, chosen).sorted())
		for _, arn := range n.on {
			if !slices.Contains(s.Resource, arn) {
				s.Resource = append(s.Resource, arn)
			}
		}
	}
	return granted
}

// Principal is the user or role whose policies count for a caller, as STS names
// it: of a role's session it is the role. It gives "" for the account's root, who
// may do everything, and for sessions that are of no role.
func Principal(caller string) string {
	parts := strings.SplitN(caller, ":", 6) // arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
	if len(parts) != 6 {
		return ""
	}
	who := parts[5]
	if session, ok := strings.CutPrefix(who, "assumed-role/"); ok {
		role, _, _ := strings.Cut(session, "/")
		who = "role/" + role
	} else if !strings.HasPrefix(who, "user/") {
		return ""
	}
	return strings.Join([]string{parts[0], parts[1], "iam", "", parts[4], who}, ":")
}
