package emulator

import (
	"context"
	"net/http"
	"slices"
	"strings"

	tagapi "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

// taggedResource is what a service tells of a resource that carries tags.
type taggedResource struct {
	arn  string
	tags map[string]string
}

// tagSource is a service whose resources the Resource Groups Tagging API finds.
// IAM roles are left out: in AWS too, they are only found by IAM's own API.
type tagSource interface {
	// tagged lists the resources of a region, those without tags too.
	tagged(region string) []taggedResource
}

// taggingService is the Resource Groups Tagging API.
type taggingService struct {
	sources []tagSource
}

func newTagging(sources ...tagSource) *taggingService {
	return &taggingService{sources: sources}
}

func (t *taggingService) operations() map[string]operation {
	return map[string]operation{
		"GetResources": op(t.getResources),
		"GetTagKeys":   op(t.getTagKeys),
		"GetTagValues": op(t.getTagValues),
	}
}

func tagInvalid(format string, args ...any) *apiError {
	return failf(http.StatusBadRequest, "InvalidParameterException", format, args...)
}

// all gives the resources of the caller's region that have, or had, tags in the
// order of their ARNs.
func (t *taggingService) all(ctx context.Context) []taggedResource {
	var found []taggedResource
	for _, source := range t.sources {
		for _, resource := range source.tagged(callerOf(ctx).Region) {
			if len(resource.tags) > 0 {
				found = append(found, resource)
			}
		}
	}
	slices.SortFunc(found, func(a, b taggedResource) int { return strings.Compare(a.arn, b.arn) })
	return found
}

func (t *taggingService) getResources(ctx context.Context, in *tagapi.GetResourcesInput) (*tagapi.GetResourcesOutput, error) {
	limit, err := tagLimits(in)
	if err != nil {
		return nil, err
	}
	out := &tagapi.GetResourcesOutput{ResourceTagMappingList: []types.ResourceTagMapping{}, PaginationToken: new("")}
	start, err := decodeToken(deref(in.PaginationToken))
	if err != nil {
		return nil, failf(http.StatusBadRequest, "PaginationTokenExpiredException", "The PaginationToken is expired or invalid.")
	}
	for _, resource := range t.all(ctx) {
		if resource.arn <= start && start != "" || !tagsMatch(resource, in) {
			continue
		}
		if len(out.ResourceTagMappingList) == limit {
			last := out.ResourceTagMappingList[limit-1]
			out.PaginationToken = new(encodeToken(*last.ResourceARN))
			break
		}
		out.ResourceTagMappingList = append(out.ResourceTagMappingList, mapping(resource))
	}
	return out, nil
}

func mapping(resource taggedResource) types.ResourceTagMapping {
	m := types.ResourceTagMapping{ResourceARN: &resource.arn}
	for _, key := range sortedKeys(resource.tags) {
		m.Tags = append(m.Tags, types.Tag{Key: &key, Value: new(resource.tags[key])})
	}
	return m
}

// tagLimits validates a request as AWS does and gives its page size.
func tagLimits(in *tagapi.GetResourcesInput) (int, error) {
	limit := 50
	if in.ResourcesPerPage != nil {
		if limit = int(*in.ResourcesPerPage); limit < 1 || limit > 100 {
			return 0, tagInvalid("ResourcesPerPage must be between 1 and 100")
		}
	}
	if len(in.ResourceARNList) > 0 && (len(in.TagFilters) > 0 || len(in.ResourceTypeFilters) > 0 || in.ResourcesPerPage != nil) {
		return 0, tagInvalid("ResourceARNList is mutually exclusive with other filters and pagination")
	}
	if in.TagsPerPage != nil && (*in.TagsPerPage < 100 || *in.TagsPerPage > 500 || *in.TagsPerPage%100 != 0) {
		return 0, tagInvalid("TagsPerPage must be a multiple of 100 between 100 and 500")
	}
	if in.IncludeComplianceDetails != nil || in.ExcludeCompliantResources != nil {
		return 0, tagInvalid("The emulator has no tag policies: IncludeComplianceDetails and ExcludeCompliantResources are not supported")
	}
	if len(in.TagFilters) > 50 {
		return 0, tagInvalid("at most 50 TagFilters are allowed")
	}
	for _, filter := range in.TagFilters {
		if key := deref(filter.Key); key == "" || len(key) > 128 {
			return 0, tagInvalid("a TagFilter needs a Key of 1 to 128 characters")
		}
		if len(filter.Values) > 20 {
			return 0, tagInvalid("a TagFilter takes at most 20 Values")
		}
	}
	for _, kind := range in.ResourceTypeFilters {
		service, _, _ := strings.Cut(kind, ":")
		if service == "" || len(kind) > 256 {
			return 0, tagInvalid("Unsupported resource type: %s", kind)
		}
	}
	return limit, nil
}

// tagsMatch tells whether a resource passes the filters: every tag filter, one
// of its values, one of the resource types.
func tagsMatch(resource taggedResource, in *tagapi.GetResourcesInput) bool {
	if len(in.ResourceARNList) > 0 && !slices.Contains(in.ResourceARNList, resource.arn) {
		return false
	}
	for _, filter := range in.TagFilters {
		value, ok := resource.tags[deref(filter.Key)]
		if !ok || len(filter.Values) > 0 && !slices.Contains(filter.Values, value) {
			return false
		}
	}
	if len(in.ResourceTypeFilters) == 0 {
		return true
	}
	service, kind := resourceType(resource.arn)
	return slices.ContainsFunc(in.ResourceTypeFilters, func(filter string) bool {
		wantedService, wantedKind, ok := strings.Cut(filter, ":")
		return wantedService == service && (!ok || wantedKind == kind)
	})
}

// resourceType gives service and type as the API's filters name them:
// "s3" and "bucket", "lambda" and "function".
func resourceType(arn string) (service, kind string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return "", ""
	}
	service = parts[2]
	kind, _, found := strings.Cut(parts[5], ":")
	if before, _, ok := strings.Cut(kind, "/"); ok {
		kind, found = before, true
	}
	switch {
	case service == "s3" && !found:
		kind = "bucket"
	case service == "sns":
		kind = "topic"
	case service == "sqs":
		kind = "queue"
	}
	return service, kind
}

func (t *taggingService) getTagKeys(ctx context.Context, in *tagapi.GetTagKeysInput) (*tagapi.GetTagKeysOutput, error) {
	keys := map[string]string{}
	for _, resource := range t.all(ctx) {
		for key := range resource.tags {
			keys[key] = ""
		}
	}
	page, next, err := tagPage(sortedKeys(keys), deref(in.PaginationToken))
	return &tagapi.GetTagKeysOutput{TagKeys: page, PaginationToken: &next}, err
}

func (t *taggingService) getTagValues(ctx context.Context, in *tagapi.GetTagValuesInput) (*tagapi.GetTagValuesOutput, error) {
	if deref(in.Key) == "" {
		return nil, tagInvalid("Key must not be empty")
	}
	values := map[string]string{}
	for _, resource := range t.all(ctx) {
		if value, ok := resource.tags[*in.Key]; ok {
			values[value] = ""
		}
	}
	page, next, err := tagPage(sortedKeys(values), deref(in.PaginationToken))
	return &tagapi.GetTagValuesOutput{TagValues: page, PaginationToken: &next}, err
}

// tagPage cuts the next page of up to 1,000 ordered words.
func tagPage(words []string, token string) (page []string, next string, err error) {
	start, err := decodeToken(token)
	if err != nil {
		return nil, "", failf(http.StatusBadRequest, "PaginationTokenExpiredException", "The PaginationToken is expired or invalid.")
	}
	page = []string{}
	for _, word := range words {
		if token != "" && word <= start {
			continue
		}
		if len(page) == 1000 {
			return page, encodeToken(page[999]), nil
		}
		page = append(page, word)
	}
	return page, "", nil
}
