package emulator

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"slices"
	"strings"
)

// checksumAlgorithms are those that the emulator computes, as the header names
// spell them; the xxHash family is refused.
var checksumAlgorithms = []string{"crc32", "crc32c", "crc64nvme", "sha1", "sha256", "sha512", "md5"}

const checksumHeader = "X-Amz-Checksum-"

// nvme is the reversed polynomial of CRC-64/NVME.
var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksums of one object: at most one algorithm, as in S3.
type checksums struct {
	algorithm string // lower case, "" none
	value     string // base64, with "-N" for a composite one
	kind      string // FULL_OBJECT or COMPOSITE
}

// set writes the checksum's headers.
func (c checksums) set(header http.Header) {
	if c.algorithm == "" {
		return
	}
	header.Set(checksumHeader+c.algorithm, c.value)
	header.Set("X-Amz-Checksum-Type", c.kind)
}

// element is the checksum as documents have it.
func (c checksums) element() *xmlElement {
	return &xmlElement{name: "Checksum" + strings.ToUpper(c.algorithm), text: c.value}
}

func newChecksum(algorithm string) (hash.Hash, bool) {
	switch algorithm {
	case "crc32":
		return crc32.NewIEEE(), true
	case "crc32c":
		return crc32.New(castagnoli), true
	case "crc64nvme":
		return crc64.New(nvme), true
	case "sha1":
		return sha1.New(), true
	case "sha256":
		return sha256.New(), true
	case "sha512":
		return sha512.New(), true
	case "md5":
		return md5.New(), true
	}
	return nil, false
}

func checksum(algorithm string, data ...[]byte) (string, error) {
	h, ok := newChecksum(algorithm)
	if !ok {
		return "", notImplemented("the checksum algorithm " + strings.ToUpper(algorithm))
	}
	for _, part := range data {
		_, _ = h.Write(part) // hash.Hash never fails
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// checksumOf is the checksum of a whole body.
func checksumOf(algorithm string, body []byte) (checksums, error) {
	value, err := checksum(algorithm, body)
	return checksums{algorithm: algorithm, value: value, kind: "FULL_OBJECT"}, err
}

// requestChecksum finds the checksum that a client sent, in a header or (after
// the body was read) a trailer.
func requestChecksum(header http.Header) (algorithm, value string, err error) {
	for name, values := range header {
		rest, ok := strings.CutPrefix(name, checksumHeader)
		rest = strings.ToLower(rest)
		if !ok || rest == "type" || rest == "mode" || rest == "algorithm" {
			continue
		}
		if !slices.Contains(checksumAlgorithms, rest) {
			return "", "", notImplemented("the checksum algorithm " + strings.ToUpper(rest))
		}
		if algorithm != "" {
			return "", "", invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		algorithm, value = rest, values[0]
	}
	if want := strings.ToLower(header.Get("X-Amz-Sdk-Checksum-Algorithm")); algorithm == "" && want != "" {
		if !slices.Contains(checksumAlgorithms, want) {
			return "", "", notImplemented("the checksum algorithm " + strings.ToUpper(want))
		}
		return "", "", invalidRequest("x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.")
	}
	return algorithm, value, nil
}

// verify checks a body against everything that its headers promise and gives
// its MD5 and its checksum. Without a checksum of the client's S3 makes a
// CRC64NVME.
func verify(body []byte, header http.Header) (sum [md5.Size]byte, sums checksums, err error) {
	sum = md5.Sum(body)
	if err := verifyDigests(body, sum, header); err != nil {
		return sum, sums, err
	}
	algorithm, claimed, err := requestChecksum(header)
	if err != nil {
		return sum, sums, err
	}
	sums = checksums{algorithm: algorithm, kind: "FULL_OBJECT"}
	if algorithm == "" {
		sums.algorithm = "crc64nvme"
	}
	if sums.value, err = checksum(sums.algorithm, body); err != nil {
		return sum, sums, err
	}
	if claimed == "" || claimed == sums.value {
		return sum, sums, nil
	}
	if raw, err := base64.StdEncoding.DecodeString(claimed); err != nil || len(raw) != base64.StdEncoding.DecodedLen(len(sums.value))-strings.Count(sums.value, "=") {
		return sum, sums, invalidRequest("Value for x-amz-checksum-%s header is invalid.", algorithm)
	}
	return sum, sums, failf(http.StatusBadRequest, "BadDigest", "The %s you specified did not match the calculated checksum.", strings.ToUpper(algorithm))
}

func verifyDigests(body []byte, sum [md5.Size]byte, header http.Header) error {
	if claimed, ok := header["Content-Md5"]; ok {
		raw, err := base64.StdEncoding.DecodeString(claimed[0])
		if err != nil || len(raw) != md5.Size {
			return failf(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid.")
		}
		if [md5.Size]byte(raw) != sum {
			return failf(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.")
		}
	}
	claimed := header.Get("X-Amz-Content-Sha256")
	if len(claimed) != 2*sha256.Size { // UNSIGNED-PAYLOAD, STREAMING-…
		return nil
	}
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != claimed {
		return failf(http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return nil
}

// composite is the checksum over the checksums of parts.
func composite(algorithm string, parts []string) ([]byte, error) {
	h, ok := newChecksum(algorithm)
	if !ok {
		return nil, notImplemented("the checksum algorithm " + strings.ToUpper(algorithm))
	}
	for _, part := range parts {
		raw, err := base64.StdEncoding.DecodeString(part)
		if err != nil {
			return nil, invalidRequest("Value for x-amz-checksum-%s is invalid.", algorithm)
		}
		if err := binary.Write(h, binary.BigEndian, raw); err != nil {
			return nil, err
		}
	}
	return h.Sum(nil), nil
}
