// Package listing makes S3 list keys that XML cannot hold.
//
// A key may have any character, and XML 1.0 knows none of the control characters but
// three: S3 refers to them all the same, and the SDK fails to read the page, and with it
// every key on it. S3 writes keys in URL encoding if it is asked to, and then the SDK
// gives them so; its paginators would take such a key as it is for the next page's marker.
package listing

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
)

// AnyKey is for the APIOptions of an S3 client: its listings have keys, prefixes and
// markers as they are, whatever characters they hold.
func AnyKey(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("AnyKey", list), middleware.Before)
}

func list(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	in.Parameters = encoded(in.Parameters)
	out, metadata, err := next.HandleInitialize(ctx, in)
	if err != nil {
		return out, metadata, err
	}
	for _, text := range texts(out.Result) {
		if *text == nil {
			continue
		}
		key, err := url.QueryUnescape(**text)
		if err != nil {
			return out, metadata, fmt.Errorf("the listing has %q, which is in no URL encoding: %w", **text, err)
		}
		*text = &key
	}
	return out, metadata, nil
}

// encoded asks for URL encoding, in a copy of what a caller may use again.
func encoded(parameters any) any {
	switch in := parameters.(type) {
	case *s3.ListObjectsV2Input:
		asked := *in
		asked.EncodingType = types.EncodingTypeUrl
		return &asked
	case *s3.ListObjectVersionsInput:
		asked := *in
		asked.EncodingType = types.EncodingTypeUrl
		return &asked
	case *s3.ListMultipartUploadsInput:
		asked := *in
		asked.EncodingType = types.EncodingTypeUrl
		return &asked
	}
	return parameters
}

// texts are the parts of a listing that are encoded; none if the service does not know
// of encoding.
func texts(result any) []**string {
	var all []**string
	switch out := result.(type) {
	case *s3.ListObjectsV2Output:
		if out.EncodingType != types.EncodingTypeUrl {
			return nil
		}
		all = append(prefixes(out.CommonPrefixes), &out.Prefix, &out.Delimiter, &out.StartAfter)
		for i := range out.Contents {
			all = append(all, &out.Contents[i].Key)
		}
	case *s3.ListObjectVersionsOutput:
		if out.EncodingType != types.EncodingTypeUrl {
			return nil
		}
		all = append(prefixes(out.CommonPrefixes), &out.Prefix, &out.Delimiter, &out.KeyMarker, &out.NextKeyMarker)
		for i := range out.Versions {
			all = append(all, &out.Versions[i].Key)
		}
		for i := range out.DeleteMarkers {
			all = append(all, &out.DeleteMarkers[i].Key)
		}
	case *s3.ListMultipartUploadsOutput:
		if out.EncodingType != types.EncodingTypeUrl {
			return nil
		}
		all = append(prefixes(out.CommonPrefixes), &out.Prefix, &out.Delimiter, &out.KeyMarker, &out.NextKeyMarker)
		for i := range out.Uploads {
			all = append(all, &out.Uploads[i].Key)
		}
	}
	return all
}

func prefixes(common []types.CommonPrefix) []**string {
	all := make([]**string, len(common))
	for i := range common {
		all[i] = &common[i].Prefix
	}
	return all
}
