package emulator

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxPart     = 10000
	minPartSize = 5 << 20 // bytes, of all parts but the last
)

// s3Upload is a multipart upload in progress.
type s3Upload struct {
	id        string
	key       string
	initiated time.Time
	version   *s3Version // what the object will be, without body
	algorithm string     // of the checksum, lower case; "" none was named
	kind      string     // FULL_OBJECT or COMPOSITE
	parts     map[int]*s3Part
}

func (u *s3Upload) sequence() uint64 {
	sequence, _ := sequenceOf(u.id) // it has one
	return sequence
}

type s3Part struct {
	body     []byte
	md5      []byte
	sums     checksums
	modified time.Time
}

func (p *s3Part) etag() string { return quotedHex(p.md5) }

// forgetUpload drops an upload with its parts. The bucket's lock is held.
func (b *s3Bucket) forgetUpload(id string) {
	if upload := b.uploads[id]; upload != nil {
		for _, part := range upload.parts {
			b.release(int64(len(part.body)))
		}
		delete(b.uploads, id)
	}
}

// upload finds an upload. The bucket's lock is held.
func (b *s3Bucket) upload(id, key string) (*s3Upload, error) {
	upload := b.uploads[id]
	if upload == nil || upload.key != key {
		return nil, noSuchUpload(id)
	}
	return upload, nil
}

func (s *s3Service) createUpload(q *s3Request) error {
	type result struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket   string
		Key      string
		UploadID string `xml:"UploadId"`
	}
	if err := checkKey(q.key); err != nil {
		return err
	}
	version, err := s.newVersion(q)
	if err != nil {
		return err
	}
	upload := &s3Upload{
		id: opaqueID(q.bucket.written.Add(1)), key: q.key, initiated: s.now(), version: version, parts: map[int]*s3Part{},
		algorithm: strings.ToLower(q.Header.Get("X-Amz-Checksum-Algorithm")), kind: q.Header.Get("X-Amz-Checksum-Type"),
	}
	if err := upload.checkChecksum(); err != nil {
		return err
	}
	q.bucket.mu.Lock()
	defer q.bucket.mu.Unlock()
	if q.bucket.gone {
		return noSuchBucket()
	}
	q.bucket.uploads[upload.id] = upload
	header := q.w.Header()
	for name, values := range version.header {
		if strings.HasPrefix(name, "X-Amz-Server-Side-Encryption") {
			header[name] = values
		}
	}
	if upload.algorithm != "" {
		header.Set("X-Amz-Checksum-Algorithm", strings.ToUpper(upload.algorithm))
		header.Set("X-Amz-Checksum-Type", upload.kind)
	}
	return q.sendXML(result{Bucket: q.name, Key: q.key, UploadID: upload.id})
}

// checkChecksum validates and completes the algorithm and type of an upload.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
func (u *s3Upload) checkChecksum() error {
	if u.algorithm == "" {
		if u.kind != "" {
			return invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
		}
		return nil
	}
	if !slices.Contains(checksumAlgorithms, u.algorithm) {
		return notImplemented("the checksum algorithm " + strings.ToUpper(u.algorithm))
	}
	crc := strings.HasPrefix(u.algorithm, "crc")
	if u.kind == "" {
		u.kind = "COMPOSITE"
		if u.algorithm == "crc64nvme" {
			u.kind = "FULL_OBJECT"
		}
	}
	if u.kind != "COMPOSITE" && u.kind != "FULL_OBJECT" {
		return invalidRequest("Value for x-amz-checksum-type header is invalid.")
	}
	if u.kind == "FULL_OBJECT" && !crc || u.kind == "COMPOSITE" && u.algorithm == "crc64nvme" {
		return invalidRequest("The %s checksum type cannot be used with the %s checksum algorithm.", u.kind, u.algorithm)
	}
	return nil
}

func (s *s3Service) uploadPart(q *s3Request) error {
	number, err := strconv.Atoi(q.query.Get("partNumber"))
	if err != nil || number < 1 || number > maxPart {
		return invalidArgument("partNumber", q.query.Get("partNumber"), "Part number must be an integer between 1 and 10000, inclusive")
	}
	if source := q.Header.Get("X-Amz-Copy-Source"); source != "" {
		return s.copyPart(q, number, source)
	}
	body, err := readObject(q.Request)
	if err != nil {
		return err
	}
	part, err := s.storePart(q, number, body, q.Header)
	if err != nil {
		return err
	}
	q.w.Header().Set("ETag", part.etag())
	q.w.Header().Set(checksumHeader+part.sums.algorithm, part.sums.value)
	return q.send(http.StatusOK)
}

// storePart adds a part to an upload, after checking it against what the
// headers say of it. A copied part has none.
func (s *s3Service) storePart(q *s3Request, number int, body []byte, header http.Header) (*s3Part, error) {
	sum, sums, err := verify(body, header)
	if err != nil {
		return nil, err
	}
	q.bucket.mu.Lock()
	defer q.bucket.mu.Unlock()
	upload, err := q.bucket.upload(q.query.Get("uploadId"), q.key)
	if err != nil {
		return nil, err
	}
	if claimed, _, err := requestChecksum(header); err == nil && upload.algorithm != "" && claimed == "" {
		if header != nil && upload.kind == "COMPOSITE" {
			return nil, invalidRequest("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: null", upload.algorithm)
		}
		if sums, err = checksumOf(upload.algorithm, body); err != nil {
			return nil, err
		}
	}
	if upload.algorithm != "" && upload.algorithm != sums.algorithm {
		return nil, invalidRequest("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s", upload.algorithm, sums.algorithm)
	}
	part := &s3Part{body: body, md5: sum[:], sums: sums, modified: s.now()}
	replaced := int64(0)
	if old := upload.parts[number]; old != nil {
		replaced = int64(len(old.body))
	}
	if err := q.bucket.reserve(int64(len(body)), replaced); err != nil {
		return nil, err
	}
	q.bucket.release(replaced)
	upload.parts[number] = part
	q.w.Header().Set("X-Amz-Server-Side-Encryption", upload.version.header.Get("X-Amz-Server-Side-Encryption"))
	return part, nil
}

func (s *s3Service) abortUpload(q *s3Request) error {
	q.bucket.mu.Lock()
	defer q.bucket.mu.Unlock()
	upload, err := q.bucket.upload(q.query.Get("uploadId"), q.key)
	if err != nil {
		return err
	}
	q.bucket.forgetUpload(upload.id)
	return q.send(http.StatusNoContent)
}

// completeRequest is the body of CompleteMultipartUpload.
type completeRequest struct {
	XMLName xml.Name         `xml:"CompleteMultipartUpload"`
	Parts   []completePart   `xml:"Part"`
	Unknown []unknownElement `xml:",any"`
}

type completePart struct {
	Number    int              `xml:"PartNumber"`
	ETag      string           `xml:"ETag"`
	CRC32     string           `xml:"ChecksumCRC32"`
	CRC32C    string           `xml:"ChecksumCRC32C"`
	CRC64NVME string           `xml:"ChecksumCRC64NVME"`
	SHA1      string           `xml:"ChecksumSHA1"`
	SHA256    string           `xml:"ChecksumSHA256"`
	SHA512    string           `xml:"ChecksumSHA512"`
	MD5       string           `xml:"ChecksumMD5"`
	Unknown   []unknownElement `xml:",any"`
}

func (p *completePart) claims(algorithm string) string {
	switch algorithm {
	case "crc32":
		return p.CRC32
	case "crc32c":
		return p.CRC32C
	case "crc64nvme":
		return p.CRC64NVME
	case "sha1":
		return p.SHA1
	case "sha256":
		return p.SHA256
	case "sha512":
		return p.SHA512
	case "md5":
		return p.MD5
	}
	return ""
}

func (s *s3Service) completeUpload(q *s3Request) error {
	type result struct {
		XMLName      xml.Name `xml:"CompleteMultipartUploadResult"`
		Location     string
		Bucket       string
		Key          string
		ETag         string
		ChecksumType string `xml:",omitempty"`
		Checksum     *xmlElement
	}
	condition, err := putCondition(q.Header)
	if err != nil {
		return err
	}
	var in completeRequest
	if err := readCompletion(q, &in); err != nil {
		return err
	}
	version, err := s.assemble(q, in.Parts)
	if err != nil {
		return err
	}
	if err := q.bucket.put(q.key, version, condition); err != nil {
		return err
	}
	q.bucket.mu.Lock()
	q.bucket.forgetUpload(q.query.Get("uploadId"))
	q.bucket.mu.Unlock()
	s.describeWrite(q, version)
	q.w.Header().Del("ETag")
	out := result{Location: "http://" + q.Host + "/" + q.name + "/" + q.key, Bucket: q.name, Key: q.key, ETag: version.etag, ChecksumType: version.sums.kind, Checksum: version.sums.element()}
	return q.sendXML(out)
}

// readCompletion reads the list of parts. Headers named x-amz-checksum-… are
// about the whole object here, not about this body.
func readCompletion(q *s3Request, in *completeRequest) error {
	plain := q.Clone(q.Context())
	for name := range plain.Header {
		if strings.HasPrefix(name, checksumHeader) {
			delete(plain.Header, name)
		}
	}
	body, err := readDocument(plain)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return malformedXML()
	}
	if err := decodeXML(body, in); err != nil {
		return err
	}
	if len(in.Parts) == 0 {
		return malformedXML()
	}
	return nil
}

// assemble makes the object of its parts.
func (s *s3Service) assemble(q *s3Request, list []completePart) (*s3Version, error) {
	q.bucket.mu.RLock()
	defer q.bucket.mu.RUnlock()
	upload, err := q.bucket.upload(q.query.Get("uploadId"), q.key)
	if err != nil {
		return nil, err
	}
	parts, err := upload.choose(list)
	if err != nil {
		return nil, err
	}
	var bodies, sums [][]byte
	var values []string
	for _, part := range parts {
		bodies, sums, values = append(bodies, part.body), append(sums, part.md5), append(values, part.sums.value)
	}
	version := *upload.version
	version.body, version.modified, version.parts = slices.Concat(bodies...), s.now(), len(parts)
	version.etag = fmt.Sprintf(`"%s-%d"`, hex.EncodeToString(md5Of(sums...)), len(parts))
	version.sums = checksums{algorithm: upload.algorithm, kind: upload.kind}
	if upload.algorithm == "" {
		version.sums = checksums{algorithm: "crc64nvme", kind: "FULL_OBJECT"}
	}
	if version.sums.kind == "COMPOSITE" {
		raw, err := composite(version.sums.algorithm, values)
		if err != nil {
			return nil, err
		}
		version.sums.value = fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(raw), len(parts))
	} else if version.sums.value, err = checksum(version.sums.algorithm, version.body); err != nil {
		return nil, err
	}
	return &version, version.checkClaims(q.Header)
}

// checkClaims holds a whole object to what the headers of its completion say of it.
// An algorithm that is not the upload's is to S3 a checksum that does not match.
func (v *s3Version) checkClaims(header http.Header) error {
	algorithm, claimed, err := requestChecksum(header)
	kind, size := header.Get("X-Amz-Checksum-Type"), int64(0)
	if text := header.Get("X-Amz-Mp-Object-Size"); text != "" && err == nil {
		if size, err = strconv.ParseInt(text, 10, 64); err != nil || size < 0 {
			err = invalidRequest("Value for x-amz-mp-object-size header is invalid.")
		}
	}
	switch {
	case err != nil:
		return err
	case kind != "" && kind != v.sums.kind:
		return invalidRequest("The upload was created using the %s checksum mode. The complete request must use the same checksum mode.", v.sums.kind)
	case size != 0 && size != int64(len(v.body)): // 0 says nothing
		return invalidRequest("The provided 'x-amz-mp-object-size' header value %d does not match what was computed: %d", size, len(v.body))
	case claimed != "" && (algorithm != v.sums.algorithm || claimed != v.sums.value):
		return failf(http.StatusBadRequest, "BadDigest", "The %s you specified did not match the calculated checksum.", v.sums.algorithm)
	}
	return nil
}

// choose gives the parts that a completion lists, after checking each.
func (u *s3Upload) choose(list []completePart) ([]*s3Part, error) {
	var parts []*s3Part
	ascending := func(a, b completePart) int { return cmp.Compare(a.Number, b.Number) }
	if !slices.IsSortedFunc(list, ascending) {
		return nil, failf(http.StatusBadRequest, "InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
	}
	for i, want := range list {
		part := u.parts[want.Number]
		claimed := want.claims(u.algorithm)
		stored := part != nil && strings.Trim(want.ETag, `"`) == hex.EncodeToString(part.md5) && (i == 0 || want.Number != list[i-1].Number)
		if stored && claimed == "" && u.kind == "COMPOSITE" {
			return nil, invalidRequest("The upload was created using a %s checksum. The complete request must include the checksum for each part. It was missing for part %d in the request.", u.algorithm, want.Number)
		}
		if !stored || claimed != "" && claimed != part.sums.value {
			return nil, failf(http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.")
		}
		if i < len(list)-1 && len(part.body) < minPartSize {
			err := failf(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
			err.Extra = map[string]any{"ProposedSize": len(part.body), "MinSizeAllowed": minPartSize, "PartNumber": want.Number}
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}
