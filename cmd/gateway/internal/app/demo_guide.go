package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"wagateway/whatsapp/wasim"
)

// Guide is what the playground fills in for the user; the zero value fills in nothing.
type Guide struct {
	APIKey    string
	SessionID string
	GroupJID  string
}

// attempt is a request worth trying; body is JSON, "" for none.
type attempt struct {
	about, method, url, body string
}

// demoQuery asks for everything at once, in one line so that it survives copy and paste.
const demoQuery = `query ($id: ID!) { session(id: $id) { status phoneNumber groups { totalCount nodes ` +
	`{ subject participantCount members(first: 3) { nodes { role tag contact { name phoneNumber } } } } } } }`

// attempts are the three requests that the demo suggests.
func (g Guide) attempts(base string) ([]attempt, error) {
	body, err := json.Marshal(map[string]any{"query": demoQuery, "variables": map[string]any{"id": g.SessionID}})
	if err != nil {
		return nil, fmt.Errorf("encoding the query: %w", err)
	}
	groups := base + "/api/v1/sessions/" + url.PathEscape(g.SessionID) + "/groups"
	return []attempt{
		{about: "The session's groups", method: http.MethodGet, url: groups},
		{about: "The members of the largest one", method: http.MethodGet, url: groups + "/" + g.GroupJID + "/members"},
		{about: "Groups, members and contacts in one GraphQL query", method: http.MethodPost, url: base + "/graphql", body: string(body)},
	}, nil
}

// curl gives the attempt as a command for a shell.
func (a attempt) curl(key string) string {
	command := "curl -s -H " + quote("x-api-key: "+key)
	if a.body != "" {
		command += " -H 'content-type: application/json' -d " + quote(a.body)
	}
	return command + " " + quote(a.url)
}

// quote makes one word of a POSIX shell.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// announce prints where to go, with what key, and what to try.
func (d *demo) announce(w io.Writer, base string, simulator *wasim.Server) error {
	attempts, err := d.guide.attempts(base)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "A gateway with a simulated WhatsApp; nothing here reaches the real one.\n\n"+
		"Playground  %s/playground\nREST        %s/api/v1\nAPI key     %s\nSession     %s\nSimulator   http://%s (control API of the phones)\n\n"+
		"Three commands to try:\n",
		base, base, d.guide.APIKey, d.guide.SessionID, simulator.Addr())
	for _, attempt := range attempts {
		fmt.Fprintf(w, "\n# %s\n  %s\n", attempt.about, attempt.curl(d.guide.APIKey))
	}
	_, err = fmt.Fprintln(w, "\nCtrl-C ends it.")
	return err
}
