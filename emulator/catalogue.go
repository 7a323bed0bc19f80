package emulator

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
)

// Operation is one operation that the emulator has.
type Operation struct {
	Service string `json:"service"` // the signing name, as monitoring for CloudWatch
	Name    string `json:"name"`
}

// Operations tells all operations that the emulator has, by service and name.
func (s *Server) Operations() []Operation {
	found := map[Operation]bool{}
	for service, operations := range s.tables() {
		for name := range operations {
			found[Operation{service, name}] = true
		}
	}
	for _, name := range s.s3.routes.names() {
		found[Operation{"s3", name}] = true
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name))
	})
}

// tables are the operations of all services but S3, by the signing name.
func (s *Server) tables() map[string]map[string]operation {
	tables := map[string]map[string]operation{"lambda": s.lambda.table}
	for _, service := range s.targets {
		tables[service.name] = service.operations
	}
	for _, service := range s.queries {
		tables[service.name] = service.operations
	}
	return tables
}

// names are the operations of S3 by the names that the SDKs give them, which
// differ from those of the routes for what one route does in two ways.
func (x *s3Routes) names() []string {
	renamed := map[string]string{
		"DeleteBucketLifecycleConfiguration": "DeleteBucketLifecycle",
	}
	names := []string{"ListBuckets", "CopyObject", "UploadPartCopy", "ListBucketMetricsConfigurations"}
	for _, routes := range []map[string]methods{x.bucket, x.object} {
		for _, byMethod := range routes {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete} {
				if o, ok := byMethod[method]; ok {
					names = append(names, cmp.Or(renamed[o.name], o.name))
				}
			}
		}
	}
	return names
}
