package emulator

import (
	"encoding/xml"
	"net/http"
	"strings"
)

func (s *s3Service) deleteObject(q *s3Request) error {
	if err := checkKey(q.key); err != nil {
		return err
	}
	if match := q.Header.Get("If-Match"); match != "" {
		version, err := q.bucket.get(q.key, q.query.Get("versionId"))
		if err != nil {
			return err
		}
		if match != "*" && strings.Trim(match, `"`) != strings.Trim(version.etag, `"`) {
			return preconditionFailed("If-Match")
		}
	}
	deleted := s.deleteVersion(q, q.key, q.query.Get("versionId"))
	if deleted.marker {
		q.w.Header().Set("X-Amz-Delete-Marker", "true")
	}
	if deleted.version != "" {
		q.w.Header().Set("X-Amz-Version-Id", deleted.version)
	}
	return q.send(http.StatusNoContent)
}

func (s *s3Service) deleteVersion(q *s3Request, key, id string) deletion {
	if id == "" {
		return q.bucket.remove(key, s.now())
	}
	return q.bucket.removeVersion(key, id)
}

// deleteRequest is the body of DeleteObjects.
type deleteRequest struct {
	XMLName xml.Name         `xml:"Delete"`
	Quiet   bool             `xml:"Quiet"`
	Objects []deleteItem     `xml:"Object"`
	Unknown []unknownElement `xml:",any"`
}

type deleteItem struct {
	Key              string           `xml:"Key"`
	VersionID        string           `xml:"VersionId"`
	ETag             string           `xml:"ETag"`
	LastModifiedTime string           `xml:"LastModifiedTime"`
	Size             string           `xml:"Size"`
	Unknown          []unknownElement `xml:",any"`
}

type deletedItem struct {
	Key                   string
	VersionID             string `xml:"VersionId,omitempty"`
	DeleteMarker          bool   `xml:",omitempty"`
	DeleteMarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
}

type deleteFailure struct {
	Key       string
	VersionID string `xml:"VersionId,omitempty"`
	Code      string
	Message   string
}

// deleteObjects deletes up to 1,000 keys or versions. What fails is told for
// each; the answer is 200 all the same.
func (s *s3Service) deleteObjects(q *s3Request) error {
	type result struct {
		XMLName xml.Name `xml:"DeleteResult"`
		Deleted []deletedItem
		Error   []deleteFailure
	}
	if err := requireDigest(q.Header); err != nil {
		return err
	}
	var in deleteRequest
	if err := readXML(q, &in); err != nil {
		return err
	}
	if len(in.Objects) == 0 || len(in.Objects) > 1000 {
		return malformedXML()
	}
	for _, item := range in.Objects {
		if item.ETag != "" || item.LastModifiedTime != "" || item.Size != "" {
			return notImplemented("conditions on deleted objects")
		}
	}
	var out result
	for _, item := range in.Objects {
		deleted, err := s.deleteItem(q, item)
		switch {
		case err != nil:
			failure := asAPIError(err)
			out.Error = append(out.Error, deleteFailure{item.Key, item.VersionID, failure.Code, failure.Message})
		case !in.Quiet:
			out.Deleted = append(out.Deleted, deleted)
		}
	}
	return q.sendXML(out)
}

// requireDigest refuses a request without a digest of its body, as S3 does
// where a body that was damaged would do damage.
func requireDigest(header http.Header) error {
	if header.Get("Content-Md5") != "" || header.Get("X-Amz-Trailer") != "" {
		return nil
	}
	if algorithm, _, err := requestChecksum(header); algorithm != "" || err != nil {
		return err
	}
	return invalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
}

func (s *s3Service) deleteItem(q *s3Request, item deleteItem) (deletedItem, error) {
	out := deletedItem{Key: item.Key, VersionID: item.VersionID}
	if item.Key == "" {
		return out, failf(http.StatusBadRequest, "UserKeyMustBeSpecified", "The bucket POST must contain the specified field name. If it is specified, please check the order of the fields.")
	}
	if err := checkKey(item.Key); err != nil {
		return out, err
	}
	action := "s3:DeleteObject"
	if item.VersionID != "" {
		action = "s3:DeleteObjectVersion"
	}
	if err := s.permitted(q.Context(), q.bucket, action, s.bucketARN(q.name)+"/"+item.Key); err != nil {
		return out, err
	}
	if deleted := s.deleteVersion(q, item.Key, item.VersionID); deleted.marker {
		out.DeleteMarker, out.DeleteMarkerVersionID = true, deleted.version
	}
	return out, nil
}
