package emulator

import (
	"encoding/xml"
	"net/http"
	"slices"
)

// Versioning, encryption, public access and ownership of a bucket.

type versioningConfiguration struct {
	XMLName   xml.Name         `xml:"VersioningConfiguration"`
	Status    string           `xml:"Status,omitempty"`
	MFADelete string           `xml:"MfaDelete,omitempty"`
	Unknown   []unknownElement `xml:",any"`
}

func (s *s3Service) getVersioning(q *s3Request) error {
	return q.sendXML(versioningConfiguration{Status: q.bucket.current().versioning})
}

func (s *s3Service) putVersioning(q *s3Request) error {
	var in versioningConfiguration
	if err := readXML(q, &in); err != nil {
		return err
	}
	switch {
	case in.MFADelete == "Enabled":
		return notImplemented("MFA delete")
	case in.MFADelete != "" && in.MFADelete != "Disabled":
		return malformedXML()
	case in.Status != versioningEnabled && in.Status != versioningSuspended:
		return failf(http.StatusBadRequest, "IllegalVersioningConfigurationException", "The Versioning element must be specified")
	}
	q.bucket.change(func(b *s3Settings) { b.versioning = in.Status })
	return q.send(http.StatusOK)
}

type encryptionConfiguration struct {
	XMLName xml.Name         `xml:"ServerSideEncryptionConfiguration"`
	Rules   []encryptionRule `xml:"Rule"`
	Unknown []unknownElement `xml:",any"`
}

type encryptionRule struct {
	Default          *encryptionDefault `xml:"ApplyServerSideEncryptionByDefault"`
	BucketKeyEnabled bool               `xml:"BucketKeyEnabled"`
	Blocked          *struct {
		Types   []string         `xml:"EncryptionType"`
		Unknown []unknownElement `xml:",any"`
	} `xml:"BlockedEncryptionTypes"`
	Unknown []unknownElement `xml:",any"`
}

type encryptionDefault struct {
	Algorithm string           `xml:"SSEAlgorithm"`
	Key       string           `xml:"KMSMasterKeyID,omitempty"`
	Unknown   []unknownElement `xml:",any"`
}

var encryptions = []string{"AES256", "aws:kms", "aws:kms:dsse"}

// defaultEncryption is what every bucket has since 2023.
func defaultEncryption() encryptionConfiguration {
	return encryptionConfiguration{Rules: []encryptionRule{{Default: &encryptionDefault{Algorithm: "AES256"}}}}
}

func (s *s3Service) getEncryption(q *s3Request) error {
	return q.sendXML(q.bucket.current().encryption)
}

func (s *s3Service) putEncryption(q *s3Request) error {
	var in encryptionConfiguration
	if err := readXML(q, &in); err != nil {
		return err
	}
	if len(in.Rules) != 1 {
		return malformedXML()
	}
	rule := &in.Rules[0]
	if rule.Default == nil {
		rule.Default = &encryptionDefault{Algorithm: "AES256"}
	}
	switch {
	case !slices.Contains(encryptions, rule.Default.Algorithm):
		return malformedXML()
	case rule.Default.Algorithm == "AES256" && rule.Default.Key != "":
		return failf(http.StatusBadRequest, "InvalidArgument", "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
	case rule.Blocked != nil && slices.ContainsFunc(rule.Blocked.Types, func(t string) bool { return t != "SSE-C" && t != "NONE" }):
		return malformedXML()
	}
	q.bucket.change(func(b *s3Settings) { b.encryption = in })
	return q.send(http.StatusOK)
}

// deleteEncryption brings the default back: a bucket is never unencrypted.
func (s *s3Service) deleteEncryption(q *s3Request) error {
	q.bucket.change(func(b *s3Settings) { b.encryption = defaultEncryption() })
	return q.send(http.StatusNoContent)
}

type publicAccessBlock struct {
	XMLName               xml.Name         `xml:"PublicAccessBlockConfiguration"`
	BlockPublicAcls       bool             `xml:"BlockPublicAcls"`
	IgnorePublicAcls      bool             `xml:"IgnorePublicAcls"`
	BlockPublicPolicy     bool             `xml:"BlockPublicPolicy"`
	RestrictPublicBuckets bool             `xml:"RestrictPublicBuckets"`
	Unknown               []unknownElement `xml:",any"`
}

func (s *s3Service) getPublicAccess(q *s3Request) error {
	block := q.bucket.current().publicAccess
	if block == nil {
		return failf(http.StatusNotFound, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
	}
	return q.sendXML(block)
}

func (s *s3Service) putPublicAccess(q *s3Request) error {
	var in publicAccessBlock
	if err := readXML(q, &in); err != nil {
		return err
	}
	q.bucket.change(func(b *s3Settings) { b.publicAccess = &in })
	return q.send(http.StatusOK)
}

func (s *s3Service) deletePublicAccess(q *s3Request) error {
	q.bucket.change(func(b *s3Settings) { b.publicAccess = nil })
	return q.send(http.StatusNoContent)
}

const ownerEnforced = "BucketOwnerEnforced"

var ownerships = []string{ownerEnforced, "BucketOwnerPreferred", "ObjectWriter"}

type ownershipControls struct {
	XMLName xml.Name         `xml:"OwnershipControls"`
	Rules   []ownershipRule  `xml:"Rule"`
	Unknown []unknownElement `xml:",any"`
}

type ownershipRule struct {
	ObjectOwnership string           `xml:"ObjectOwnership"`
	Unknown         []unknownElement `xml:",any"`
}

func (s *s3Service) getOwnership(q *s3Request) error {
	controls := q.bucket.current().ownership
	if controls == nil {
		return failf(http.StatusNotFound, "OwnershipControlsNotFoundError", "The bucket ownership controls were not found")
	}
	return q.sendXML(controls)
}

func (s *s3Service) putOwnership(q *s3Request) error {
	var in ownershipControls
	if err := readXML(q, &in); err != nil {
		return err
	}
	if len(in.Rules) != 1 || !slices.Contains(ownerships, in.Rules[0].ObjectOwnership) {
		return malformedXML()
	}
	q.bucket.change(func(b *s3Settings) { b.ownership = &in })
	return q.send(http.StatusOK)
}

func (s *s3Service) deleteOwnership(q *s3Request) error {
	q.bucket.change(func(b *s3Settings) { b.ownership = nil })
	return q.send(http.StatusNoContent)
}
