package emulator

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func (i *iamService) updateRole(_ context.Context, in *iam.UpdateRoleInput) (*iam.UpdateRoleOutput, error) {
	if problems := slices.Concat(checkSessionDuration(in.MaxSessionDuration), checkDescription(in.Description)); len(problems) > 0 {
		return nil, invalidIAM(problems...)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	r, err := i.named(in.RoleName)
	if err != nil {
		return nil, err
	}
	if in.MaxSessionDuration != nil {
		r.maxSession = *in.MaxSessionDuration
	}
	if in.Description != nil {
		r.description = *in.Description
	}
	return &iam.UpdateRoleOutput{}, nil
}

func (i *iamService) updateRoleDescription(_ context.Context, in *iam.UpdateRoleDescriptionInput) (*iam.UpdateRoleDescriptionOutput, error) {
	if problems := checkDescription(in.Description); len(problems) > 0 {
		return nil, invalidIAM(problems...)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	r, err := i.named(in.RoleName)
	if err != nil {
		return nil, err
	}
	r.description = deref(in.Description)
	return &iam.UpdateRoleDescriptionOutput{Role: r.wire()}, nil
}

func (i *iamService) updateAssumeRolePolicy(_ context.Context, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	trust, err := parseTrust(deref(in.PolicyDocument))
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	r, err := i.named(in.RoleName)
	if err != nil {
		return nil, err
	}
	r.trust, r.trustDocument = trust, *in.PolicyDocument
	return &iam.UpdateAssumeRolePolicyOutput{}, nil
}

// mergeIAMTags adds tags to what there is; keys differ without regard to case.
func mergeIAMTags(old, added []types.Tag) ([]types.Tag, error) {
	merged := slices.Clone(old)
	seen := map[string]bool{}
	for _, tag := range added {
		key := deref(tag.Key)
		switch {
		case key == "" || utf8.RuneCountInString(key) > 128:
			return nil, invalidIAM("Value at 'tags.member.key' failed to satisfy constraint: Member must have length between 1 and 128")
		case tag.Value == nil || utf8.RuneCountInString(*tag.Value) > 256:
			return nil, invalidIAM("Value at 'tags.member.value' failed to satisfy constraint: Member must have length between 0 and 256")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, failf(http.StatusBadRequest, "InvalidInput", "The tag key %s starts with 'aws:', which is reserved", key)
		case seen[strings.ToLower(key)]:
			return nil, failf(http.StatusBadRequest, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[strings.ToLower(key)] = true
		at := slices.IndexFunc(merged, func(t types.Tag) bool { return strings.EqualFold(*t.Key, key) })
		if at >= 0 {
			merged[at] = types.Tag{Key: tag.Key, Value: tag.Value}
			continue
		}
		merged = append(merged, types.Tag{Key: tag.Key, Value: tag.Value})
	}
	if len(merged) > 50 {
		return nil, failf(http.StatusConflict, "LimitExceeded", "The number of tags has reached the maximum limit.")
	}
	slices.SortFunc(merged, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return merged, nil
}

func (i *iamService) tagRole(_ context.Context, in *iam.TagRoleInput) (*iam.TagRoleOutput, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	r, err := i.named(in.RoleName)
	if err != nil {
		return nil, err
	}
	tags, err := mergeIAMTags(r.tags, in.Tags)
	if err != nil {
		return nil, err
	}
	r.tags = tags
	return &iam.TagRoleOutput{}, nil
}

func (i *iamService) untagRole(_ context.Context, in *iam.UntagRoleInput) (*iam.UntagRoleOutput, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	r, err := i.named(in.RoleName)
	if err != nil {
		return nil, err
	}
	r.tags = slices.DeleteFunc(slices.Clone(r.tags), func(t types.Tag) bool {
		return slices.ContainsFunc(in.TagKeys, func(key string) bool { return strings.EqualFold(key, *t.Key) })
	})
	return &iam.UntagRoleOutput{}, nil
}

func (i *iamService) listRoleTags(_ context.Context, in *iam.ListRoleTagsInput) (*iam.ListRoleTagsOutput, error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	r, err := i.named(in.RoleName)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(r.tags))
	values := map[string]types.Tag{}
	for n, tag := range r.tags {
		keys[n] = *tag.Key
		values[*tag.Key] = tag
	}
	page, marker, err := iamPage(keys, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListRoleTagsOutput{Tags: []types.Tag{}, IsTruncated: marker != nil, Marker: marker}
	for _, key := range page {
		out.Tags = append(out.Tags, values[key])
	}
	return out, nil
}

// listInstanceProfilesForRole is always empty: the emulator has no instance
// profiles. Tools ask before they delete a role.
func (i *iamService) listInstanceProfilesForRole(_ context.Context, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if _, err := i.named(in.RoleName); err != nil {
		return nil, err
	}
	if _, _, err := iamPage(nil, in.Marker, in.MaxItems); err != nil {
		return nil, err
	}
	return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: []types.InstanceProfile{}}, nil
}
