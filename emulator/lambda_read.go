package emulator

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// listLimit is how many functions or mappings one page holds at most.
const listLimit = 50

// partOf gives one part of an ARN.
func partOf(arn string, part int) string {
	parts := strings.SplitN(arn, ":", 6)
	if part >= len(parts) {
		return ""
	}
	return parts[part]
}

// nameOf gives the name at the end of a function's ARN.
func nameOf(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

func (l *lambdaService) getFunction(ctx context.Context, in *awslambda.GetFunctionInput) (*awslambda.GetFunctionOutput, error) {
	f, err := l.find(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	c := f.describe(l.clock.Now())
	out := &awslambda.GetFunctionOutput{
		Configuration: &c, Tags: maps.Clone(f.tags),
		Code: &types.FunctionCodeLocation{RepositoryType: new("S3"), Location: new(l.archiveURL(f.arn))},
	}
	// Tags come along for those who may list them.
	if refused := l.roles.authorize(callerOf(ctx), access{action: "lambda:ListTags", resource: f.arn}); refused != nil {
		out.Tags, out.TagsError = nil, &types.TagsError{ErrorCode: &refused.Code, Message: &refused.Message}
	}
	if f.reserved != nil {
		out.Concurrency = &types.Concurrency{ReservedConcurrentExecutions: f.reserved}
	}
	return out, nil
}

func (l *lambdaService) getConfiguration(ctx context.Context, in *awslambda.GetFunctionConfigurationInput) (*awslambda.GetFunctionConfigurationOutput, error) {
	f, err := l.find(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return answer[awslambda.GetFunctionConfigurationOutput](f.describe(l.clock.Now())), nil
}

// archivePath is where functions' archives can be fetched, as GetFunction says
// of AWS's presigned URL.
const archivePath = "/2015-03-31/functions/{FunctionArn}/archive"

func (l *lambdaService) archiveURL(arn string) string {
	return l.endpoint + strings.Replace(archivePath, "{FunctionArn}", url.PathEscape(arn), 1)
}

type archiveInput struct{ FunctionArn string }

// archiveCall answers a request for an archive; nil when r is none.
func (l *lambdaService) archiveCall(r *http.Request) *restCall {
	route := restRoute{method: http.MethodGet, path: segments(archivePath), labels: map[string]string{"{FunctionArn}": "FunctionArn"}}
	values, ok := route.match(r.Method, segments(r.URL.EscapedPath()))
	if !ok {
		return nil
	}
	return &restCall{
		name: "GetFunction",
		operation: op(func(_ context.Context, in *archiveInput) (*[]byte, error) {
			f, ok := l.byARN(in.FunctionArn)
			if !ok {
				return nil, functionNotFound(in.FunctionArn)
			}
			return &f.snapshot().code.zip, nil
		}),
		decode: func(r *http.Request, _ []byte, input any) *apiError { return route.decode(r, values, nil, input) },
		encode: func(header http.Header, output any) ([]byte, error) {
			header.Set("Content-Type", "application/zip")
			return *output.(*[]byte), nil
		},
	}
}

func (l *lambdaService) listFunctions(ctx context.Context, in *awslambda.ListFunctionsInput) (*awslambda.ListFunctionsOutput, error) {
	if in.MasterRegion != nil {
		return nil, unsupportedMember("InvalidParameterValueException", "MasterRegion")
	}
	all := l.inRegion(callerOf(ctx).Region)
	page, next, err := lambdaPage(all, in.Marker, in.MaxItems, func(f *function) string { return f.arn })
	if err != nil {
		return nil, err
	}
	out := &awslambda.ListFunctionsOutput{Functions: []types.FunctionConfiguration{}, NextMarker: next}
	for _, f := range page {
		f.mu.RLock()
		c := f.describe(l.clock.Now())
		f.mu.RUnlock()
		// A list does not tell the states: https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
		c.State, c.StateReason, c.StateReasonCode = "", nil, ""
		c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = "", nil, ""
		if in.FunctionVersion == types.FunctionVersionAll { // there are no others than $LATEST
			c.FunctionArn = new(f.arn + ":" + latestVersion)
		}
		out.Functions = append(out.Functions, c)
	}
	return out, nil
}

// listVersions answers with $LATEST alone: nothing here can be published.
func (l *lambdaService) listVersions(ctx context.Context, in *awslambda.ListVersionsByFunctionInput) (*awslambda.ListVersionsByFunctionOutput, error) {
	f, err := l.find(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	c := f.describe(l.clock.Now())
	c.FunctionArn = new(f.arn + ":" + latestVersion)
	page, next, err := lambdaPage([]types.FunctionConfiguration{c}, in.Marker, in.MaxItems, func(c types.FunctionConfiguration) string { return *c.Version })
	return &awslambda.ListVersionsByFunctionOutput{Versions: page, NextMarker: next}, err
}

// lambdaPage cuts the next page of items that are ordered by their key.
func lambdaPage[T any](all []T, marker *string, maxItems *int32, key func(T) string) (page []T, next *string, err error) {
	var c constraints
	c.between(maxItems, "maxItems", 1, 10_000)
	if err := c.err(); err != nil {
		return nil, nil, err
	}
	after, err := decodeToken(deref(marker))
	if err != nil {
		return nil, nil, invalidParameter("Invalid Marker: %s", *marker)
	}
	limit := listLimit
	if maxItems != nil {
		limit = min(limit, int(*maxItems))
	}
	from := 0
	if after != "" {
		from = len(all)
		if i := slices.IndexFunc(all, func(item T) bool { return key(item) > after }); i >= 0 {
			from = i
		}
	}
	page = all[from:]
	if len(page) > limit {
		page = page[:limit]
		next = new(encodeToken(key(page[limit-1])))
	}
	return page, next, nil
}

func (l *lambdaService) deleteFunction(ctx context.Context, in *awslambda.DeleteFunctionInput) (*awslambda.DeleteFunctionOutput, error) {
	f, err := l.find(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	if l.functions[f.arn] != f {
		l.mu.Unlock()
		return nil, functionNotFound(f.arn)
	}
	delete(l.functions, f.arn)
	l.mu.Unlock()
	f.pool.close()
	f.snapshot().code.release()
	return &awslambda.DeleteFunctionOutput{StatusCode: http.StatusNoContent}, nil
}

func (l *lambdaService) putConcurrency(ctx context.Context, in *awslambda.PutFunctionConcurrencyInput) (*awslambda.PutFunctionConcurrencyOutput, error) {
	var c constraints
	if in.ReservedConcurrentExecutions == nil {
		c.null("reservedConcurrentExecutions")
	}
	c.between(in.ReservedConcurrentExecutions, "reservedConcurrentExecutions", 0, 1<<30)
	if err := c.err(); err != nil {
		return nil, err
	}
	if *in.ReservedConcurrentExecutions > accountConcurrency-100 {
		return nil, invalidParameter("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].")
	}
	f, err := l.find(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reserved = in.ReservedConcurrentExecutions
	return &awslambda.PutFunctionConcurrencyOutput{ReservedConcurrentExecutions: f.reserved}, nil
}

func (l *lambdaService) getConcurrency(ctx context.Context, in *awslambda.GetFunctionConcurrencyInput) (*awslambda.GetFunctionConcurrencyOutput, error) {
	f, err := l.find(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return &awslambda.GetFunctionConcurrencyOutput{ReservedConcurrentExecutions: f.reserved}, nil
}

func (l *lambdaService) deleteConcurrency(ctx context.Context, in *awslambda.DeleteFunctionConcurrencyInput) (*awslambda.DeleteFunctionConcurrencyOutput, error) {
	f, err := l.find(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reserved = nil
	return &awslambda.DeleteFunctionConcurrencyOutput{}, nil
}
