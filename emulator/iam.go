package emulator

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// iamService is IAM, as far as roles go.
type iamService struct {
	account string
	clock   Clock
	observe func(Access)           // may be nil
	user    atomic.Pointer[policy] // of callers who are no session; nil: they may do everything

	readiness *readiness

	mu       sync.RWMutex
	roles    map[string]*role    // by name: unique in an account, whatever the path
	sessions map[string]*session // by access key
}

// role is an IAM role. Its fields are guarded by the service's lock; what role()
// gives away is a copy.
type role struct {
	name, path, arn, id string
	description         string
	created             time.Time
	maxSession          int32 // seconds
	trust               *policy
	trustDocument       string
	inline              map[string]inlinePolicy
	attached            map[string]*policy // managed policies by ARN
	tags                []types.Tag
	visible             time.Time // when calls find it
	assumable           time.Time // when services can assume it
	former              []*policy // in force until settled
	settled             time.Time
}

type inlinePolicy struct {
	document string
	parsed   *policy
}

func newIAM(o Options) *iamService {
	return &iamService{account: o.Account, clock: o.Clock, observe: o.OnAccess, roles: map[string]*role{}, sessions: map[string]*session{}}
}

func (i *iamService) operations() map[string]operation {
	return map[string]operation{
		"CreateRole":                  op(i.createRole),
		"GetRole":                     op(i.getRole),
		"ListRoles":                   op(i.listRoles),
		"UpdateRole":                  op(i.updateRole),
		"UpdateRoleDescription":       op(i.updateRoleDescription),
		"UpdateAssumeRolePolicy":      op(i.updateAssumeRolePolicy),
		"DeleteRole":                  op(i.deleteRole),
		"PutRolePolicy":               op(i.putRolePolicy),
		"GetRolePolicy":               op(i.getRolePolicy),
		"DeleteRolePolicy":            op(i.deleteRolePolicy),
		"ListRolePolicies":            op(i.listRolePolicies),
		"AttachRolePolicy":            op(i.attachRolePolicy),
		"DetachRolePolicy":            op(i.detachRolePolicy),
		"ListAttachedRolePolicies":    op(i.listAttachedRolePolicies),
		"TagRole":                     op(i.tagRole),
		"UntagRole":                   op(i.untagRole),
		"ListRoleTags":                op(i.listRoleTags),
		"ListInstanceProfilesForRole": op(i.listInstanceProfilesForRole),
		"SimulatePrincipalPolicy":     op(i.simulatePrincipalPolicy),
	}
}

// role gives a copy of the role with an ARN.
func (i *iamService) role(arn string) (*role, bool) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	r := i.byARN(arn)
	if r == nil {
		return nil, false
	}
	c := *r
	c.inline, c.attached, c.tags = maps.Clone(r.inline), maps.Clone(r.attached), slices.Clone(r.tags)
	return &c, true
}

// byARN finds a role; the lock is held.
func (i *iamService) byARN(arn string) *role {
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	if r, ok := i.roles[name]; ok && r.arn == arn {
		return r
	}
	return nil
}

// withPath gives the ARN of a role that is asked for by its name: what exists is
// known by its path, too, which the name leaves out.
func (i *iamService) withPath(arn string) string {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if r, ok := i.roles[arn[strings.LastIndexByte(arn, '/')+1:]]; ok {
		return r.arn
	}
	return arn
}

func noSuchRole(name string) *apiError {
	return failf(http.StatusNotFound, "NoSuchEntity", "The role with name %s cannot be found.", name)
}

// named finds a role for an operation; the lock is held.
func (i *iamService) named(name *string) (*role, error) {
	if name == nil {
		return nil, invalidIAM("Value at 'roleName' failed to satisfy constraint: Member must not be null")
	}
	if r, ok := i.roles[*name]; ok && !i.readiness.before(r.visible) {
		return r, nil
	}
	return nil, noSuchRole(*name)
}

// invalidIAM is IAM's answer to input that its model forbids.
func invalidIAM(problems ...string) *apiError {
	return failf(http.StatusBadRequest, "ValidationError", "%s", validationErrors(problems))
}

var (
	iamNamePattern = compiled(`^[\w+=,.@-]+$`)
	iamPathPattern = compiled(`^/([\x21-\x7e]+/)?$`)
)

// checkIAMName checks the name of a role or policy.
func checkIAMName(member string, name *string, longest int) []string {
	switch {
	case name == nil:
		return []string{fmt.Sprintf("Value at '%s' failed to satisfy constraint: Member must not be null", member)}
	case *name == "":
		return []string{fmt.Sprintf("Value at '%s' failed to satisfy constraint: Member must have length greater than or equal to 1", member)}
	case utf8.RuneCountInString(*name) > longest:
		return []string{fmt.Sprintf("Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", member, longest)}
	case !iamNamePattern().MatchString(*name):
		return []string{fmt.Sprintf(`Value at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+`, member)}
	}
	return nil
}

func checkSessionDuration(seconds *int32) []string {
	switch {
	case seconds != nil && *seconds < 3600:
		return []string{fmt.Sprintf("Value '%d' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600", *seconds)}
	case seconds != nil && *seconds > 43200:
		return []string{fmt.Sprintf("Value '%d' at 'maxSessionDuration' failed to satisfy constraint: Member must have value less than or equal to 43200", *seconds)}
	}
	return nil
}

func checkDescription(text *string) []string {
	if text != nil && utf8.RuneCountInString(*text) > 1000 {
		return []string{"Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1000"}
	}
	return nil
}

// iamID makes an identifier as AROA… of a role: 21 characters.
func iamID(prefix string) string {
	var b [11]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand crashes the program instead
	return prefix + base32.StdEncoding.EncodeToString(b[:])[:17]
}

func (i *iamService) createRole(ctx context.Context, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	problems := slices.Concat(checkIAMName("roleName", in.RoleName, 64), checkSessionDuration(in.MaxSessionDuration), checkDescription(in.Description))
	if in.AssumeRolePolicyDocument == nil {
		problems = append(problems, "Value at 'assumeRolePolicyDocument' failed to satisfy constraint: Member must not be null")
	}
	path := "/"
	if in.Path != nil {
		path = *in.Path
	}
	if !iamPathPattern().MatchString(path) || len(path) > 512 {
		problems = append(problems, "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	if len(problems) > 0 {
		return nil, invalidIAM(problems...)
	}
	if in.PermissionsBoundary != nil {
		return nil, unsupportedMember("InvalidInput", "PermissionsBoundary")
	}
	trust, err := parseTrust(*in.AssumeRolePolicyDocument)
	if err != nil {
		return nil, err
	}
	tags, err := mergeIAMTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	r := &role{
		name: *in.RoleName, path: path, id: iamID("AROA"), arn: callerOf(ctx).globalARN("iam", "role"+path+*in.RoleName),
		description: deref(in.Description), created: i.clock.Now().UTC().Truncate(time.Second), maxSession: 3600,
		trust: trust, trustDocument: *in.AssumeRolePolicyDocument, inline: map[string]inlinePolicy{}, attached: map[string]*policy{}, tags: tags,
	}
	if in.MaxSessionDuration != nil {
		r.maxSession = *in.MaxSessionDuration
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for name := range i.roles {
		if strings.EqualFold(name, r.name) {
			return nil, failf(http.StatusConflict, "EntityAlreadyExists", "Role with name %s already exists.", r.name)
		}
	}
	r.assumable, r.visible = i.readiness.until(i.readiness.inForce().Role), i.readiness.visible()
	i.roles[r.name] = r
	return &iam.CreateRoleOutput{Role: r.wire()}, nil
}

func parseTrust(document string) (*policy, error) {
	if size := policySize(document); size > 2048 {
		return nil, failf(http.StatusConflict, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
	}
	trust, err := parsePolicy(document, trustPolicy)
	if err != nil {
		return nil, malformed(err)
	}
	for _, s := range trust.statements {
		for _, action := range s.actions {
			if lower := strings.ToLower(action); lower != "*" && !strings.HasPrefix(lower, "sts:") {
				return nil, malformed(refuse("AssumeRole policy may only specify STS AssumeRole actions."))
			}
		}
	}
	return trust, nil
}

func malformed(err error) *apiError {
	return failf(http.StatusBadRequest, "MalformedPolicyDocument", "%s", err.Error())
}

// policySize counts as IAM does: without white space.
func policySize(document string) int {
	size := 0
	for _, r := range document {
		if !unicode.IsSpace(r) {
			size++
		}
	}
	return size
}

// wire gives the role as the API shows it; documents are URL-encoded there.
func (r *role) wire() *types.Role {
	return &types.Role{
		Arn: &r.arn, CreateDate: &r.created, Path: &r.path, RoleId: &r.id, RoleName: &r.name,
		AssumeRolePolicyDocument: new(encodeDocument(r.trustDocument)),
		Description:              new(r.description),
		MaxSessionDuration:       new(r.maxSession),
		RoleLastUsed:             &types.RoleLastUsed{},
		Tags:                     slices.Clone(r.tags),
	}
}

// encodeDocument encodes as RFC 3986 says, which QueryEscape does but for spaces.
func encodeDocument(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}

func (i *iamService) getRole(_ context.Context, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	r, err := i.named(in.RoleName)
	if err != nil {
		return nil, err
	}
	return &iam.GetRoleOutput{Role: r.wire()}, nil
}

func (i *iamService) listRoles(_ context.Context, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	names := slices.DeleteFunc(sortedKeys(i.roles), func(name string) bool {
		return i.readiness.before(i.roles[name].visible) || !strings.HasPrefix(i.roles[name].path, deref(in.PathPrefix))
	})
	page, marker, err := iamPage(names, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListRolesOutput{Roles: []types.Role{}, IsTruncated: marker != nil, Marker: marker}
	for _, name := range page {
		listed := *i.roles[name].wire()
		// The list leaves these out in AWS too.
		listed.Tags, listed.RoleLastUsed = nil, nil
		out.Roles = append(out.Roles, listed)
	}
	return out, nil
}

// iamPage cuts a page of sorted names.
func iamPage(names []string, marker *string, maxItems *int32) (page []string, next *string, err error) {
	limit := 100
	if maxItems != nil {
		if limit = int(*maxItems); limit < 1 || limit > 1000 {
			return nil, nil, invalidIAM(fmt.Sprintf("Value '%d' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000", limit))
		}
	}
	after, err := decodeToken(deref(marker))
	if err != nil {
		return nil, nil, failf(http.StatusBadRequest, "ValidationError", "Invalid Marker.")
	}
	start := 0
	if marker != nil {
		start, _ = slices.BinarySearch(names, after)
		if start < len(names) && names[start] == after {
			start++
		}
	}
	end := min(start+limit, len(names))
	if end < len(names) {
		next = new(encodeToken(names[end-1]))
	}
	return names[start:end], next, nil
}

func (i *iamService) deleteRole(_ context.Context, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	r, err := i.named(in.RoleName)
	switch {
	case err != nil:
		return nil, err
	case len(r.attached) > 0:
		return nil, failf(http.StatusConflict, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	case len(r.inline) > 0, len(i.policies(r)) > 0:
		return nil, failf(http.StatusConflict, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	}
	delete(i.roles, r.name)
	return &iam.DeleteRoleOutput{}, nil
}
