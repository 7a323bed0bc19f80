package emulator

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
)

// weatherLimit is the largest document in bytes that says what goes wrong.
const weatherLimit = 1 << 20

// faultsDocument is what PUT /_enrich/faults takes.
type faultsDocument struct {
	Version *int     `json:"version"` // may be left out
	Seed    uint64   `json:"seed"`
	Rules   []string `json:"rules"` // see ParseFault
}

// FaultsReport is what each call of /_enrich/faults answers: the rules in force.
type FaultsReport struct {
	Version int          `json:"version"`
	Seed    uint64       `json:"seed"`
	Rules   []RuleReport `json:"rules"`
}

// RuleReport is one rule with what has come of it.
type RuleReport struct {
	Rule   string `json:"rule"`   // see ParseFault
	Calls  int64  `json:"calls"`  // that it was asked about
	Struck int64  `json:"struck"` // with which it made something go wrong
}

// readinessDocument is what PUT /_enrich/readiness takes, and each call of it
// answers: times by their names, as "8s".
type readinessDocument struct {
	Version   *int              `json:"version"`
	Readiness map[string]string `json:"readiness"`
}

// Problems is the answer to what /_enrich/faults and /_enrich/readiness refuse.
type Problems struct {
	Version  int      `json:"version"`
	Problems []string `json:"problems"`
}

// serveWeather answers for the addresses that say what goes wrong and what takes its
// time. It gives false for any other.
func (s *Server) serveWeather(w http.ResponseWriter, r *http.Request, address string) bool {
	set, show := s.setFaultsDocument, func() any { return s.faultsReport() }
	end := func() error { return s.SetFaults(0) }
	switch address {
	case "faults":
	case "readiness":
		set, show = s.setReadinessDocument, func() any { return s.readinessReport() }
		end = func() error { return s.SetReadiness(Readiness{}) }
	default:
		return false
	}
	var err error
	switch r.Method {
	case http.MethodGet:
	case http.MethodPut:
		err = set(http.MaxBytesReader(w, r.Body, weatherLimit))
	case http.MethodDelete:
		err = end()
	default:
		w.Header().Set("Allow", "DELETE, GET, PUT")
		http.Error(w, "DELETE, GET or PUT", http.StatusMethodNotAllowed)
		return true
	}
	w.Header().Set("Content-Type", "application/json")
	answer := show()
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		answer = Problems{Version: controlVersion, Problems: strings.Split(err.Error(), "\n")}
	}
	_ = json.MarshalWrite(w, answer, json.Deterministic(true)) // an error means that the asker has gone
	return true
}

func (s *Server) setFaultsDocument(body io.Reader) error {
	var d faultsDocument
	if err := readWeather(body, &d, &d.Version); err != nil {
		return err
	}
	if d.Rules == nil {
		return errors.New("rules: it is missing; [] ends all faults")
	}
	var faults []Fault
	var problems []error
	for i, text := range d.Rules {
		f, err := ParseFault(text)
		found := []error{err}
		if err == nil {
			found = s.checkFault(f)
		}
		for _, problem := range found {
			for line := range strings.Lines(problem.Error()) {
				problems = append(problems, fmt.Errorf("rules[%d] %q: %s", i, text, strings.TrimSuffix(line, "\n")))
			}
		}
		faults = append(faults, f)
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	return s.SetFaults(d.Seed, faults...)
}

func (s *Server) setReadinessDocument(body io.Reader) error {
	var d readinessDocument
	if err := readWeather(body, &d, &d.Version); err != nil {
		return err
	}
	if d.Readiness == nil {
		return errors.New("readiness: it is missing; {} has nothing take any time")
	}
	var r Readiness
	var problems []error
	for _, name := range sortedKeys(d.Readiness) {
		if err := r.put(name, d.Readiness[name]); err != nil {
			problems = append(problems, fmt.Errorf("readiness: %w", err))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	return s.SetReadiness(r)
}

// readWeather reads a document and the version that it may have.
func readWeather(body io.Reader, d any, version **int) error {
	if err := json.UnmarshalRead(body, d, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("reading the document: %s", strings.ReplaceAll(err.Error(), "\n", " "))
	}
	if v := *version; v != nil && *v != controlVersion {
		return fmt.Errorf("version: this emulator takes %d, not %d", controlVersion, *v)
	}
	return nil
}

func (s *Server) faultsReport() FaultsReport {
	report := FaultsReport{Version: controlVersion, Seed: s.FaultSeed(), Rules: []RuleReport{}}
	for _, c := range s.Faults() {
		report.Rules = append(report.Rules, RuleReport{Rule: c.String(), Calls: c.Calls, Struck: c.Struck})
	}
	return report
}

func (s *Server) readinessReport() readinessDocument {
	r, times := s.Readiness(), map[string]string{}
	for _, one := range r.times() {
		times[one.name] = one.d.String()
	}
	return readinessDocument{Version: new(controlVersion), Readiness: times}
}
