package emulator

import (
	"cmp"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// listUploads lists the multipart uploads in progress, by key and time.
func (s *s3Service) listUploads(q *s3Request) error {
	type item struct {
		Key          listedKey
		UploadID     string `xml:"UploadId"`
		Initiator    s3Owner
		Owner        s3Owner
		StorageClass string
		Initiated    string
		Algorithm    string `xml:"ChecksumAlgorithm,omitempty"`
		ChecksumType string `xml:",omitempty"`
	}
	type result struct {
		XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
		Bucket             string
		KeyMarker          listedKey
		UploadIDMarker     string    `xml:"UploadIdMarker"`
		NextKeyMarker      listedKey `xml:",omitempty"`
		NextUploadIDMarker string    `xml:"NextUploadIdMarker,omitempty"`
		Prefix             listedKey
		Delimiter          listedKey `xml:",omitempty"`
		EncodingType       string    `xml:",omitempty"`
		MaxUploads         int
		IsTruncated        bool
		Upload             []item
		CommonPrefixes     []commonPrefix
	}
	l, err := q.newListing("max-uploads")
	if err != nil {
		return err
	}
	keyMarker, idMarker, after := q.query.Get("key-marker"), q.query.Get("upload-id-marker"), uint64(0)
	if keyMarker == "" {
		idMarker = "" // it counts with a key only
	}
	rolled := ""
	if idMarker != "" {
		var known bool
		if after, known = sequenceOf(idMarker); !known {
			return invalidArgument("upload-id-marker", idMarker, "Invalid uploadId marker")
		}
	} else if l.isCommon(keyMarker) {
		rolled = keyMarker // told on an earlier page
	}
	out := result{
		Bucket: q.name, KeyMarker: l.escape(keyMarker), UploadIDMarker: idMarker,
		Prefix: l.escape(l.prefix), Delimiter: l.escape(l.delimiter), EncodingType: l.encoding, MaxUploads: l.limit,
	}
	for _, upload := range q.bucket.sortedUploads(keyMarker, after) {
		if !strings.HasPrefix(upload.key, l.prefix) {
			continue
		}
		common, isCommon := l.commonPrefix(upload.key)
		if isCommon && common == rolled {
			continue
		}
		if len(out.Upload)+len(out.CommonPrefixes) >= l.limit {
			out.IsTruncated = true
			break
		}
		out.NextKeyMarker, out.NextUploadIDMarker = l.escape(upload.key), upload.id
		if isCommon {
			rolled = common
			out.NextKeyMarker, out.NextUploadIDMarker = l.escape(common), ""
			out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{l.escape(common)})
			continue
		}
		out.Upload = append(out.Upload, item{l.escape(upload.key), upload.id, s.owner(), s.owner(), upload.version.class(), s3Time(upload.initiated), strings.ToUpper(upload.algorithm), upload.kind})
	}
	if !out.IsTruncated {
		out.NextKeyMarker, out.NextUploadIDMarker = "", ""
	}
	return q.sendXML(out)
}

// sortedUploads gives the uploads after a key, or of that key after a number that is
// not 0: those of one key in the order of their beginning.
func (b *s3Bucket) sortedUploads(key string, after uint64) []*s3Upload {
	b.mu.RLock()
	defer b.mu.RUnlock()
	uploads := make([]*s3Upload, 0, len(b.uploads))
	for _, upload := range b.uploads {
		if upload.key > key || upload.key == key && after > 0 && upload.sequence() > after {
			uploads = append(uploads, upload)
		}
	}
	slices.SortFunc(uploads, func(x, y *s3Upload) int {
		return cmp.Or(strings.Compare(x.key, y.key), cmp.Compare(x.sequence(), y.sequence()))
	})
	return uploads
}

// listParts lists the parts of one upload.
func (s *s3Service) listParts(q *s3Request) error {
	type item struct {
		PartNumber   int
		LastModified string
		ETag         string
		Size         int
		Checksum     *xmlElement
	}
	type result struct {
		XMLName              xml.Name `xml:"ListPartsResult"`
		Bucket               string
		Key                  string
		UploadID             string `xml:"UploadId"`
		Initiator            s3Owner
		Owner                s3Owner
		StorageClass         string
		PartNumberMarker     int
		NextPartNumberMarker int `xml:",omitempty"`
		MaxParts             int
		IsTruncated          bool
		ChecksumAlgorithm    string `xml:",omitempty"`
		ChecksumType         string `xml:",omitempty"`
		Part                 []item
	}
	limit, err := q.limit("max-parts")
	if err != nil {
		return err
	}
	marker := 0
	if text := q.query.Get("part-number-marker"); text != "" {
		if marker, err = strconv.Atoi(text); err != nil || marker < 0 {
			return invalidArgument("part-number-marker", text, "Argument part-number-marker must be an integer between 0 and 2147483647")
		}
	}
	q.bucket.mu.RLock()
	defer q.bucket.mu.RUnlock()
	upload, err := q.bucket.upload(q.query.Get("uploadId"), q.key)
	if err != nil {
		return err
	}
	out := result{
		Bucket: q.name, Key: q.key, UploadID: upload.id, Initiator: s.owner(), Owner: s.owner(), StorageClass: upload.version.class(),
		PartNumberMarker: marker, MaxParts: limit, ChecksumAlgorithm: strings.ToUpper(upload.algorithm), ChecksumType: upload.kind,
	}
	for _, number := range sortedKeys(upload.parts) {
		if number <= marker {
			continue
		}
		if len(out.Part) >= limit {
			out.IsTruncated = true
			break
		}
		part := upload.parts[number]
		out.Part = append(out.Part, item{number, s3Time(part.modified), part.etag(), len(part.body), part.sums.element()})
		out.NextPartNumberMarker = number
	}
	return q.sendXML(out)
}

func (s *s3Service) getObjectTagging(q *s3Request) error {
	version, err := s.find(q)
	if err != nil {
		return err
	}
	tags := q.bucket.tagsOf(version)
	var out tagging
	for _, key := range sortedKeys(tags) {
		out.TagSet.Tags = append(out.TagSet.Tags, xmlTag{Key: key, Value: tags[key]})
	}
	return q.sendXML(out)
}

// tagsOf gives the tags of a version, the only thing of it that can change.
func (b *s3Bucket) tagsOf(version *s3Version) map[string]string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return version.tags
}

func (s *s3Service) putObjectTagging(q *s3Request) error {
	var in tagging
	if err := readXML(q, &in); err != nil {
		return err
	}
	tags, err := checkTags(in.TagSet.Tags, 10)
	if err != nil {
		return err
	}
	return s.setObjectTags(q, tagMap(tags), http.StatusOK)
}

func (s *s3Service) deleteObjectTagging(q *s3Request) error {
	return s.setObjectTags(q, nil, http.StatusNoContent)
}

func (s *s3Service) setObjectTags(q *s3Request, tags map[string]string, status int) error {
	version, err := s.find(q)
	if err != nil {
		return err
	}
	q.bucket.mu.Lock()
	version.tags = tags
	q.bucket.mu.Unlock()
	if version.id != nullVersion {
		q.w.Header().Set("X-Amz-Version-Id", version.id)
	}
	return q.send(status)
}
