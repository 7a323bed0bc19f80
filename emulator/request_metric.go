package emulator

import "time"

// measure shows a call in CloudWatch, where its service counts it. S3, Lambda and
// CloudWatch Logs do so themselves.
func (s *Server) measure(c caller, service, operation string, input, output any, failure *apiError, took time.Duration) {
	switch service {
	case "kinesis":
		s.kinesis.measure(c, input, output, failure, took)
	case "dynamodb":
		s.dynamodb.measure(c, operation, input, output, failure, took)
	}
}
