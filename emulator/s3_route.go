package emulator

import (
	"net/http"
	"slices"
	"strings"
)

// s3Operation is one operation of S3.
type s3Operation struct {
	name  string
	grant string // IAM action without "s3:"; "" needs none of its own
	serve func(*s3Service, *s3Request) error
}

// action is the IAM action that a request needs. Reading or deleting a version
// by its ID has an action of its own.
func (o s3Operation) action(q *s3Request) string {
	switch {
	case o.grant == "":
		return ""
	case q.query.Get("versionId") != "" && (o.grant == "GetObject" || o.grant == "DeleteObject"):
		return "s3:" + o.grant + "Version"
	}
	return "s3:" + o.grant
}

// methods are operations by HTTP method.
type methods map[string]s3Operation

// subresource makes the usual three operations of a bucket's setting.
func subresource(setting, grant string, get, put, remove func(*s3Service, *s3Request) error) methods {
	m := methods{
		http.MethodGet: {"Get" + setting, "Get" + grant, get},
		http.MethodPut: {"Put" + setting, "Put" + grant, put},
	}
	if remove != nil {
		m[http.MethodDelete] = s3Operation{"Delete" + setting, "Put" + grant, remove}
	}
	return m
}

// bucketRoutes gives the operations on a bucket by the query parameter that
// selects them.
func bucketRoutes() map[string]methods {
	policy := subresource("BucketPolicy", "BucketPolicy", (*s3Service).getPolicy, (*s3Service).putPolicy, (*s3Service).deletePolicy)
	policy[http.MethodDelete] = s3Operation{"DeleteBucketPolicy", "DeleteBucketPolicy", (*s3Service).deletePolicy}
	return map[string]methods{
		"": {
			http.MethodGet:    {"ListObjects", "ListBucket", (*s3Service).listObjects},
			http.MethodPut:    {"CreateBucket", "CreateBucket", (*s3Service).createBucket},
			http.MethodHead:   {"HeadBucket", "ListBucket", (*s3Service).headBucket},
			http.MethodDelete: {"DeleteBucket", "DeleteBucket", (*s3Service).deleteBucket},
		},
		listType:            {http.MethodGet: {"ListObjectsV2", "ListBucket", (*s3Service).listObjects}},
		"versions":          {http.MethodGet: {"ListObjectVersions", "ListBucketVersions", (*s3Service).listVersions}},
		"uploads":           {http.MethodGet: {"ListMultipartUploads", "ListBucketMultipartUploads", (*s3Service).listUploads}},
		"delete":            {http.MethodPost: {"DeleteObjects", "", (*s3Service).deleteObjects}}, // checked key by key
		"location":          {http.MethodGet: {"GetBucketLocation", "GetBucketLocation", (*s3Service).getLocation}},
		"versioning":        subresource("BucketVersioning", "BucketVersioning", (*s3Service).getVersioning, (*s3Service).putVersioning, nil),
		"encryption":        subresource("BucketEncryption", "EncryptionConfiguration", (*s3Service).getEncryption, (*s3Service).putEncryption, (*s3Service).deleteEncryption),
		"publicAccessBlock": subresource("PublicAccessBlock", "BucketPublicAccessBlock", (*s3Service).getPublicAccess, (*s3Service).putPublicAccess, (*s3Service).deletePublicAccess),
		"ownershipControls": subresource("BucketOwnershipControls", "BucketOwnershipControls", (*s3Service).getOwnership, (*s3Service).putOwnership, (*s3Service).deleteOwnership),
		"policy":            policy,
		"policyStatus":      {http.MethodGet: {"GetBucketPolicyStatus", "GetBucketPolicyStatus", (*s3Service).getPolicyStatus}},
		"lifecycle":         subresource("BucketLifecycleConfiguration", "LifecycleConfiguration", (*s3Service).getLifecycle, (*s3Service).putLifecycle, (*s3Service).deleteLifecycle),
		"metrics":           subresource("BucketMetricsConfiguration", "MetricsConfiguration", (*s3Service).getMetrics, (*s3Service).putMetrics, (*s3Service).deleteMetrics),
		"tagging":           subresource("BucketTagging", "BucketTagging", (*s3Service).getTagging, (*s3Service).putTagging, (*s3Service).deleteTagging),
	}
}

// objectRoutes gives the operations on an object by the query parameter that
// selects them.
func objectRoutes() map[string]methods {
	return map[string]methods{
		"": {
			http.MethodGet:    {"GetObject", "GetObject", (*s3Service).getObject},
			http.MethodHead:   {"HeadObject", "GetObject", (*s3Service).headObject},
			http.MethodPut:    {"PutObject", "PutObject", (*s3Service).putObject},
			http.MethodDelete: {"DeleteObject", "DeleteObject", (*s3Service).deleteObject},
		},
		"tagging": {
			http.MethodGet:    {"GetObjectTagging", "GetObjectTagging", (*s3Service).getObjectTagging},
			http.MethodPut:    {"PutObjectTagging", "PutObjectTagging", (*s3Service).putObjectTagging},
			http.MethodDelete: {"DeleteObjectTagging", "DeleteObjectTagging", (*s3Service).deleteObjectTagging},
		},
		"uploads": {http.MethodPost: {"CreateMultipartUpload", "PutObject", (*s3Service).createUpload}},
		"uploadId": {
			http.MethodGet:    {"ListParts", "ListMultipartUploadParts", (*s3Service).listParts},
			http.MethodPut:    {"UploadPart", "PutObject", (*s3Service).uploadPart},
			http.MethodPost:   {"CompleteMultipartUpload", "PutObject", (*s3Service).completeUpload},
			http.MethodDelete: {"AbortMultipartUpload", "AbortMultipartUpload", (*s3Service).abortUpload},
		},
	}
}

// absent are the query parameters that select an operation which the emulator
// does not have.
var absent = []string{
	"abac", "accelerate", "acl", "analytics", "annotation", "annotations", "attributes", "cors", "encryption", "intelligent-tiering", "inventory",
	"legal-hold", "logging", "metadataAnnotationTable", "metadataConfiguration", "metadataInventoryTable", "metadataJournalTable", "metadataTable",
	"notification", "object-lock", "ownershipControls", "renameObject", "replication", "requestPayment", "restore",
	"retention", "select", "session", "torrent", "website",
}

// listType tells the second version of a listing from the first; to what selects
// another operation it gives way.
const listType = "list-type"

// s3Routes are all operations on buckets and objects.
type s3Routes struct {
	bucket map[string]methods
	object map[string]methods
}

// find gives the operation of a request.
func (x *s3Routes) find(q *s3Request) (s3Operation, error) {
	if q.name == "" {
		if q.Method == http.MethodGet {
			return s3Operation{"ListBuckets", "ListAllMyBuckets", (*s3Service).listBuckets}, nil
		}
		return s3Operation{name: q.Method + " /"}, methodNotAllowed()
	}
	routes := x.bucket
	if q.key != "" {
		routes = x.object
	}
	var chosen []string
	for _, parameter := range sortedKeys(q.query) {
		_, ok := routes[parameter]
		if parameter != "" && parameter != listType && (ok || slices.Contains(absent, parameter)) {
			chosen = append(chosen, parameter)
		}
	}
	if _, lists := routes[listType]; lists && len(chosen) == 0 && q.query.Has(listType) {
		chosen = []string{listType}
	}
	name := strings.TrimSuffix(q.Method+" ?"+strings.Join(chosen, "&"), " ?")
	switch len(chosen) {
	case 0:
	case 1:
		if operations, ok := routes[chosen[0]]; ok {
			return pick(operations, q.Method, chosen[0])
		}
		return s3Operation{name: name}, notImplemented("the operation " + name)
	default:
		return s3Operation{name: name}, invalidArgument("ResourceType", chosen[0], "Conflicting query string parameters: %s", strings.Join(chosen, ", "))
	}
	if q.key != "" && q.Method == http.MethodPut && q.query.Has("partNumber") {
		return s3Operation{name: "PUT ?partNumber"}, invalidArgument("partNumber", q.query.Get("partNumber"), "This operation does not accept partNumber without uploadId")
	}
	if q.key == "" && q.Method == http.MethodPost {
		return s3Operation{name: "POST Object"}, notImplemented("uploads from browser forms (POST Object)")
	}
	return pick(routes[""], q.Method, "")
}

func pick(operations methods, method, parameter string) (s3Operation, error) {
	if operation, ok := operations[method]; ok {
		return operation, nil
	}
	return s3Operation{name: strings.TrimSuffix(method+" ?"+parameter, " ?")}, methodNotAllowed()
}

func methodNotAllowed() *apiError {
	return failf(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
}
