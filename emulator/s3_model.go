package emulator

import (
	"bytes"
	"encoding/xml"
	"slices"
)

// s3Enums are the values that S3's model gives the headers of requests. What of
// them the emulator does not have is refused where it matters; storage classes
// and encryptions have errors of their own.
func s3Enums() map[string][]string {
	checksums := []string{"CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128"}
	return map[string][]string{
		"X-Amz-Acl":                         {"private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read", "bucket-owner-full-control"},
		"X-Amz-Bucket-Namespace":            {"account-regional", "global"},
		"X-Amz-Checksum-Algorithm":          checksums,
		"X-Amz-Sdk-Checksum-Algorithm":      checksums,
		"X-Amz-Checksum-Mode":               {"ENABLED"},
		"X-Amz-Checksum-Type":               {"COMPOSITE", "FULL_OBJECT"},
		"X-Amz-Object-Annotation-Directive": {"COPY", "EXCLUDE"},
		"X-Amz-Object-Lock-Event-Hold":      {"ON", "OFF"},
		"X-Amz-Object-Lock-Legal-Hold":      {"ON", "OFF"},
		"X-Amz-Object-Lock-Mode":            {"GOVERNANCE", "COMPLIANCE"},
		"X-Amz-Request-Payer":               {"requester"},
		"X-Amz-Tagging-Directive":           {"COPY", "REPLACE"},
	}
}

// checkEnums refuses a header with none of its values. The SDKs for Java and Go
// of old write algorithms in lower case, which S3 takes.
func (s *s3Service) checkEnums(q *s3Request) error {
	for name, values := range s.enums {
		given := q.Header.Get(name)
		if given == "" || slices.Contains(values, given) || slices.Contains(values, string(bytes.ToUpper([]byte(given)))) {
			continue
		}
		return invalidArgument(name, given, "The value of the header %s is none of %q", name, values)
	}
	return nil
}

// s3Required are the children that elements of S3's documents must have.
func s3Required() map[string][]string {
	return map[string][]string{"Tagging": {"TagSet"}, "Tag": {"Key", "Value"}, "Delete": {"Object"}, "Object": {"Key"}}
}

// complete tells whether every element of a document has the children that it
// must have. A document that cannot be read is another check's.
func complete(document []byte) bool {
	type element struct {
		name     string
		children []string
	}
	required := s3Required()
	var open []element
	decoder := xml.NewDecoder(bytes.NewReader(document))
	for {
		token, err := decoder.Token()
		if err != nil {
			return true
		}
		switch token := token.(type) {
		case xml.StartElement:
			if n := len(open); n > 0 {
				open[n-1].children = append(open[n-1].children, token.Name.Local)
			}
			open = append(open, element{name: token.Name.Local})
		case xml.EndElement:
			last := open[len(open)-1]
			open = open[:len(open)-1]
			for _, child := range required[last.name] {
				if !slices.Contains(last.children, child) {
					return false
				}
			}
		}
	}
}
