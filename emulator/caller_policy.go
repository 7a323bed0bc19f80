package emulator

import "fmt"

// Access is a permission that a call needed.
type Access struct {
	Principal string // ARN of who called: the account's root, a user or a role's session
	Action    string // as dynamodb:GetItem
	Resource  string // an ARN, or * for an action that no policy can confine
	Allowed   bool
}

// SetCallerPolicy holds everybody who is not a role's session to a policy: an
// identity-based policy document in JSON. They then are the user caller, who may
// do what it allows, in the place of the account's root, who may do everything
// and whom "" brings back. The error says what is wrong with the document, and
// then nothing is changed.
func (s *Server) SetCallerPolicy(document string) error {
	if document == "" {
		s.iam.user.Store(nil)
		return nil
	}
	parsed, err := parsePolicy(document, identityPolicy)
	if err != nil {
		return fmt.Errorf("the caller's policy: %w", err)
	}
	s.iam.user.Store(parsed)
	return nil
}

// userName is who calls under a policy of SetCallerPolicy.
const userName = "caller"
