package emulator

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// credentials are temporary credentials of a role.
type credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time // zero: never, as Lambda renews those of its functions
}

// session is an assumed role: who a request signed with its access key is.
type session struct {
	roleARN string
	roleID  string
	name    string
	expires time.Time
	calls   *sync.RWMutex // held for reading by each call that is under way
}

// arn is that of the session: arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION.
func (s *session) arn() string {
	parts := strings.SplitN(s.roleARN, ":", 6)
	role := s.roleARN[strings.LastIndexByte(s.roleARN, '/')+1:]
	if len(parts) < 6 {
		return s.roleARN
	}
	return parts[0] + ":" + parts[1] + ":sts::" + parts[4] + ":assumed-role/" + role + "/" + s.name
}

// sessionFor gives credentials of a role that do not expire, as a function has
// them. They mean nothing beyond the emulator: requests made with them are
// checked against the role's policies as they are at that time.
func (i *iamService) sessionFor(roleARN, sessionName string) credentials {
	return i.newSession(roleARN, sessionName, time.Time{})
}

func (i *iamService) newSession(roleARN, sessionName string, expires time.Time) credentials {
	var secret [30]byte
	var token [120]byte
	_, _ = rand.Read(secret[:]) // never fails: crypto/rand crashes the program instead
	_, _ = rand.Read(token[:])
	c := credentials{
		AccessKeyID:     iamID("ASIA")[:20],
		SecretAccessKey: base64.StdEncoding.EncodeToString(secret[:]),
		SessionToken:    base64.StdEncoding.EncodeToString(token[:]),
		Expires:         expires,
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	s := &session{roleARN: roleARN, name: sessionName, expires: expires, calls: &sync.RWMutex{}}
	if r := i.byARN(roleARN); r != nil {
		s.roleID = r.id
	}
	i.sessions[c.AccessKeyID] = s
	return c
}

// endSession ends the credentials of a function that has ended, and waits for the
// calls under way that it has made: what a killed function wrote is there, or never
// will be, before its event is delivered again. The credentials are kept as expired:
// a key that was never known is the account's owner.
func (i *iamService) endSession(accessKey string) {
	i.mu.Lock()
	s, ok := i.sessions[accessKey]
	if ok {
		ended := *s
		ended.expires = i.clock.Now()
		i.sessions[accessKey] = &ended
	}
	i.mu.Unlock()
	if ok {
		s.calls.Lock()
		defer s.calls.Unlock()
	}
}

// enter gives the session of a call that begins, as session does, and what to call
// when it has ended.
func (i *iamService) enter(accessKey string) (_ *session, leave func()) {
	s := i.session(accessKey)
	if s == nil {
		return nil, func() {}
	}
	s.calls.RLock()
	return i.session(accessKey), s.calls.RUnlock // it may have ended meanwhile
}

// session gives the session of an access key; nil when the emulator did not
// give it out.
func (i *iamService) session(accessKey string) *session {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.sessions[accessKey]
}

// allowed tells whether a role's policies allow an action on a resource; if not,
// the error is AWS's AccessDenied, worded for a session that Lambda makes.
func (i *iamService) allowed(roleARN, action, resource string) error {
	s := &session{roleARN: roleARN, name: "awslambda"}
	if failure := i.permit(s, access{action: action, resource: resource}); failure != nil {
		return failure
	}
	return nil
}

// authorize checks what a caller wants to do, and tells of it whoever listens.
func (i *iamService) authorize(c caller, a access) *apiError {
	if c.RequestID == "" {
		return nil // the emulator's own work
	}
	failure := i.judge(c, a)
	if i.observe != nil {
		i.observe(Access{Principal: c.principalARN(), Action: a.action, Resource: a.resource, Allowed: failure == nil})
	}
	return failure
}

// judge asks the policies of a caller. Who has none is the account's owner, who
// may do everything.
func (i *iamService) judge(c caller, a access) *apiError {
	a = a.withKeys(map[string]string{"aws:requestedregion": c.Region})
	switch {
	case c.Session == nil && c.policy == nil:
		return nil
	case c.Session == nil:
		a = a.withKeys(i.keysOf(c.principalARN()))
		return refusal(c.principalARN(), a, evaluate([]*policy{c.policy}, a))
	case !c.Session.expires.IsZero() && !i.clock.Now().Before(c.Session.expires):
		return failf(http.StatusBadRequest, "ExpiredTokenException", "The security token included in the request is expired")
	}
	return i.permit(c.Session, a)
}

// keysOf are the condition keys that every request of a principal has.
func (i *iamService) keysOf(principal string) map[string]string {
	return map[string]string{
		"aws:securetransport":  "true",
		"aws:principalarn":     principal,
		"aws:principalaccount": i.account,
		"aws:resourceaccount":  i.account,
		"s3:resourceaccount":   i.account,
	}
}

// permit evaluates the policies of a session's role.
func (i *iamService) permit(s *session, a access) *apiError {
	a = a.withKeys(i.keysOf(s.roleARN))
	return refusal(s.arn(), a, i.decide(s.roleARN, a))
}

// decide evaluates the policies of a role; one that is gone allows nothing.
func (i *iamService) decide(roleARN string, a access) decision {
	i.mu.RLock()
	defer i.mu.RUnlock()
	r := i.byARN(roleARN)
	if r == nil {
		return implicitDeny
	}
	return evaluate(i.policies(r), a)
}

// policies are those of a role that are in force; the service's lock is held.
func (i *iamService) policies(r *role) []*policy {
	if i.readiness.before(r.settled) {
		return r.former
	}
	return r.policies()
}

// spread is called before the policies of a role change, which are in force for a
// while; the service's lock is held.
func (i *iamService) spread(r *role) {
	r.former = i.policies(r)
	r.settled = i.readiness.until(i.readiness.inForce().Policy)
}

// policies are all policies of a role; the service's lock is held.
func (r *role) policies() []*policy {
	policies := make([]*policy, 0, len(r.inline)+len(r.attached))
	for _, p := range r.inline {
		policies = append(policies, p.parsed)
	}
	for _, p := range r.attached {
		policies = append(policies, p)
	}
	return policies
}

// withResourcePolicy adds to what a caller's own policies say what that of the
// resource does: its deny wins, and within an account either's allow is enough.
func (i *iamService) withResourcePolicy(c caller, a access, p *policy, failure *apiError) *apiError {
	if p == nil || c.RequestID == "" || failure != nil && failure.Code == "ExpiredTokenException" {
		return failure
	}
	principals := []string{c.Account, c.globalARN("iam", "root"), c.principalARN()}
	if c.Session != nil {
		principals = append(principals, c.Session.roleARN)
	}
	a = a.withKeys(i.keysOf(principals[len(principals)-1])).withKeys(map[string]string{"aws:requestedregion": c.Region})
	// The account as a principal hands the decision to its own policies.
	exactly := func(who principal) bool {
		return who.anyone || slices.ContainsFunc(principals[2:], func(arn string) bool { return slices.Contains(who.accounts, arn) })
	}
	atAll := func(who principal) bool {
		return exactly(who) || slices.ContainsFunc(principals, func(arn string) bool { return slices.Contains(who.accounts, arn) })
	}
	switch {
	case p.says(atAll, a) == explicitDeny:
		worded := refusal(c.principalARN(), a, explicitDeny)
		worded.Message = strings.Replace(worded.Message, "an identity-based", "a resource-based", 1)
		return worded
	case failure == nil || strings.Contains(failure.Message, "explicit deny"):
		return failure
	case p.says(exactly, a) == allow:
		return nil
	}
	return failure
}

// refusal words a decision against a principal as AWS does: S3 alone quotes the
// resource, SNS and SQS have spellings of their own. nil is an allow.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func refusal(principal string, a access, d decision) *apiError {
	if d == allow {
		return nil
	}
	action, resource, code := a.action, a.resource, "AccessDeniedException"
	switch service, name, _ := strings.Cut(action, ":"); service {
	case "s3":
		resource = `"` + resource + `"`
	case "sns":
		action, code = "SNS:"+name, "AuthorizationError"
	case "sqs":
		action = strings.ToLower(action)
	}
	why := fmt.Sprintf("because no identity-based policy allows the %s action", action)
	if d == explicitDeny {
		why = "with an explicit deny in an identity-based policy"
	}
	failure := failf(http.StatusBadRequest, code, "User: %s is not authorized to perform: %s on resource: %s %s", principal, action, resource, why)
	failure.unsaid = d == implicitDeny
	return failure
}

// assumable tells whether a service, as lambda.amazonaws.com, may assume a role.
func (i *iamService) assumable(roleARN, service string) bool {
	i.mu.RLock()
	defer i.mu.RUnlock()
	r := i.byARN(roleARN)
	return r != nil && !i.readiness.before(r.assumable) && r.trust.trusts(service, map[string]string{
		"aws:securetransport": "true",
		"aws:sourceaccount":   i.account,
	})
}
