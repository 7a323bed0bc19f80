package emulator

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"time"
)

// Version of the control addresses' answers.
const controlVersion = 1

// health is the answer of /_enrich/health.
type health struct {
	Account     string `json:"account"`
	Region      string `json:"region"`
	Version     int    `json:"version"`
	Unsupported int64  `json:"unsupported"` // requests for what the emulator does not have
	PID         int    `json:"pid"`
}

// serveControl answers what AWS does not have: health, what there is and what was
// missed, faults and readiness, and shutdown.
func (s *Server) serveControl(w http.ResponseWriter, r *http.Request) {
	// A page in somebody's browser can send requests to 127.0.0.1 too; it cannot
	// leave its Origin out, and programs do not send one.
	if r.Header.Get("Origin") != "" {
		http.Error(w, "not for browsers", http.StatusForbidden)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /_enrich/health":
		writeControl(w, health{
			Account: s.options.Account, Region: s.options.Region,
			Version: controlVersion, Unsupported: s.unsupported.sum(), PID: os.Getpid(),
		})
	case "GET /_enrich/operations":
		writeControl(w, map[string][]Operation{"operations": s.Operations()})
	case "GET /_enrich/unsupported":
		writeControl(w, map[string][]UnsupportedCount{"unsupported": s.Unsupported()})
	case "POST /_enrich/shutdown":
		w.WriteHeader(http.StatusAccepted)
		go func() { //nolint:contextcheck // outlives the request that asks
			// The request that asks is in flight itself, so the closing cannot be
			// part of it.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 30*time.Second)
			defer cancel()
			if err := s.Close(ctx); err != nil {
				s.options.Logger.Error("shutting down", "error", err)
			}
		}()
	default:
		if rest, ok := strings.CutPrefix(r.URL.Path, "/_enrich/"); !ok || !s.serveWeather(w, r, rest) {
			http.NotFound(w, r)
		}
	}
}

// writeControl answers with a document.
func writeControl(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document) // an error means that the asker has gone
}
