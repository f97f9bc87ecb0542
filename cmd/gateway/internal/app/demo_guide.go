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
	FriendJID string // of somebody to write to
}

// attempt is a request worth trying; body is JSON, "" for none.
type attempt struct {
	about, method, url, body string
	follow                   bool // a stream
}

// attempts are the three requests that the demo suggests. The last one's answer
// does not end.
func (g Guide) attempts(base string) ([]attempt, error) {
	body, err := json.Marshal(map[string]string{"type": "text", "to": g.FriendJID, "text": "Hello from the gateway!"})
	if err != nil {
		return nil, fmt.Errorf("encoding the message: %w", err)
	}
	session := base + "/api/v1/sessions/" + url.PathEscape(g.SessionID)
	return []attempt{
		{about: "The session's chats, the newest first", method: http.MethodGet, url: session + "/chats"},
		{about: "Send a message", method: http.MethodPost, url: session + "/messages", body: string(body)},
		{about: "Follow what happens, in this terminal; Ctrl-C ends it", method: http.MethodGet, url: base + "/api/v1/events", follow: true},
	}, nil
}

// curl gives the attempt as a command for a shell.
func (a attempt) curl(key string) string {
	command := "curl -s -H " + quote("x-api-key: "+key)
	if a.follow {
		command += " -N"
	}
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
