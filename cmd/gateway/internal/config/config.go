// Package config is the gateway's one tree of settings: what each is called,
// what it defaults to, and what makes it invalid.
//
// Settings come from environment variables that start with GATEWAY_. Nothing
// else in the program reads the environment.
package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"wagateway/whatsapp/blob"
)

// Config holds every setting. The doc tag is the setting's line in
// docs/configuration.md, which a test compares with this struct; shown is what
// stands there as the default where envDefault does not say it.
type Config struct {
	Addr    string `env:"GATEWAY_ADDR" envDefault:"127.0.0.1:8080" doc:"Address to listen on, host:port. Port 0 takes a free one."`
	DataDir string `env:"GATEWAY_DATA_DIR" envDefault:"./data" doc:"Folder for everything the gateway keeps on disk. Made with mode 0700 when missing."`

	DatabaseURL string `env:"GATEWAY_DATABASE_URL" shown:"SQLite in the data folder" doc:"postgres://… for PostgreSQL."`
	NATSURL     string `env:"GATEWAY_NATS_URL" shown:"embedded" doc:"An external NATS cluster (2.12 or later, JetStream) for the event log, nats://…; without it the log is in the data folder."`
	ID          string `env:"GATEWAY_ID" shown:"host name" doc:"Name of this replica, shown as gatewayId."`

	JWT      JWT
	WhatsApp WhatsApp
	Secret   Secret
	Event    Event
	Media    Media

	AllowPrivateNetworks bool `env:"GATEWAY_ALLOW_PRIVATE_NETWORKS" envDefault:"false" doc:"Lets webhooks and media URLs reach loopback and private addresses, but no link-local ones."`
	Playground           bool `env:"GATEWAY_PLAYGROUND" envDefault:"true" doc:"Serves the GraphQL playground at /playground."`
	Introspection        bool `env:"GATEWAY_INTROSPECTION" envDefault:"true" doc:"Lets callers read the GraphQL schema over the API. The playground's explorer needs it."`

	Metrics string `env:"GATEWAY_METRICS" envDefault:"public" doc:"Who may read /metrics: public, key (an API key or login that may manage) or off."`

	Log Log
}

// Event bounds the event log.
type Event struct {
	Retention time.Duration `env:"GATEWAY_EVENT_RETENTION" envDefault:"168h" doc:"How long events are kept, at least 1m. Consumers that were away for longer miss what is gone."`
	MaxBytes  int64         `env:"GATEWAY_EVENT_MAX_BYTES" envDefault:"1073741824" doc:"Bytes of events kept for each organization, the oldest go first: 1 GiB. 0 bounds them by age only."`
}

// Media says where the files of messages are kept, and which are got.
type Media struct {
	URL      string `env:"GATEWAY_MEDIA_URL" shown:"the folder media in the data folder" doc:"Where the files of messages are kept: file:///folder, or s3://bucket/prefix with the parameters region, endpoint and path-style (see below)."`
	MaxFile  int64  `env:"GATEWAY_MEDIA_MAX_BYTES" envDefault:"67108864" doc:"Largest file in bytes that is fetched from an address for sending, or downloaded before anybody asks for it: 64 MiB."`
	Download bool   `env:"GATEWAY_MEDIA_DOWNLOAD" envDefault:"true" doc:"Gets the files of received messages at once; false: when they are first asked for."`
	Days     int64  `env:"GATEWAY_MEDIA_DAYS" envDefault:"0" doc:"Days that stored files are kept, 0 for ever."`
}

// Keep is how long files are kept, 0 for ever.
func (m Media) Keep() time.Duration { return time.Duration(m.Days) * 24 * time.Hour }

// maxMediaDays is a century, which a duration can hold.
const maxMediaDays = 36_525

// Who may read the metrics.
const (
	MetricsPublic = "public"
	MetricsKey    = "key"
	MetricsOff    = "off"
)

// JWT says how login tokens are verified. Without a JWKS address none is accepted.
type JWT struct {
	JWKSURL   string `env:"GATEWAY_JWKS_URL" shown:"no login tokens" doc:"Where the identity provider publishes the keys that sign login tokens (JWKS, http or https)."`
	Issuer    string `env:"GATEWAY_JWT_ISSUER" shown:"any" doc:"Required iss claim."`
	Audience  string `env:"GATEWAY_JWT_AUDIENCE" shown:"any" doc:"Required aud claim."`
	OrgClaim  string `env:"GATEWAY_JWT_ORG_CLAIM" envDefault:"org" doc:"Claim that holds the organization's id."`
	RoleClaim string `env:"GATEWAY_JWT_ROLE_CLAIM" envDefault:"role" doc:"Claim that holds the role: owner, admin, member or super_admin."`
}

// WhatsApp points the gateway at a simulated WhatsApp. Both or neither are set.
type WhatsApp struct {
	URL     string   `env:"GATEWAY_WHATSAPP_URL" shown:"the real WhatsApp" doc:"Websocket address (ws:// or wss://) of a simulated WhatsApp. Websocket, media and version traffic all go to its host."`
	RootKey HexBytes `env:"GATEWAY_WHATSAPP_ROOT_KEY" shown:"the real WhatsApp's" doc:"Root key of that simulated WhatsApp, 64 hex digits."`
}

// Secret is the key that encrypts credentials at rest and signs cursors. At
// most one of the two is set; with neither, a key is generated into DataDir.
type Secret struct {
	Key     KeyBytes `env:"GATEWAY_SECRET_KEY" shown:"generated" doc:"Key for encryption at rest and cursors: at least 32 bytes in hex or base64."`
	KeyFile string   `env:"GATEWAY_SECRET_KEY_FILE" shown:"secret.key in the data folder" doc:"File that holds the key, in hex or base64."`
}

// Log shapes the log on standard error.
type Log struct {
	Level  Level  `env:"GATEWAY_LOG_LEVEL" envDefault:"info" doc:"debug, info, warn or error."`
	Format string `env:"GATEWAY_LOG_FORMAT" shown:"text on a terminal, else json" doc:"text or json."`
}

// Problems is the error of [Load]: every setting that is wrong, one sentence each.
type Problems []string

// Error lists the problems, one a line.
func (p Problems) Error() string {
	return "invalid settings:\n  " + strings.Join(p, "\n  ")
}

// Load reads the settings from an environment in the form of [os.Environ]. An
// empty variable counts as unset. The error is [Problems] and lists all that is
// wrong, unknown GATEWAY_ variables included, in the order of the settings.
func Load(environ []string) (*Config, error) {
	values, unknown := ours(environ)
	config := &Config{}
	problems := Problems{}
	err := env.ParseWithOptions(config, env.Options{Environment: values, FuncMap: parsers()})
	if err != nil {
		problems = append(problems, parseProblems(err)...)
	}
	if config.ID == "" {
		// A host without a name still runs; the id is only shown.
		config.ID, _ = os.Hostname()
	}
	problems = append(problems, config.check()...)
	for _, name := range unknown {
		problems = append(problems, unknownProblem(name))
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return config, nil
}

// check gives one sentence per setting that parsed but makes no sense.
func (c *Config) check() (problems []string) {
	problem := func(name, format string, args ...any) {
		problems = append(problems, name+": "+fmt.Sprintf(format, args...))
	}
	if err := checkAddr(c.Addr); err != nil {
		problem("GATEWAY_ADDR", "%v", err)
	}
	if c.DatabaseURL != "" {
		// The value may hold a password, so neither it nor url.Parse's error is repeated.
		if u, err := url.Parse(c.DatabaseURL); err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
			problem("GATEWAY_DATABASE_URL", "must be a postgres:// address, or unset for SQLite")
		}
	}
	if c.NATSURL != "" && !hasScheme(c.NATSURL, "nats", "tls", "ws", "wss") {
		problem("GATEWAY_NATS_URL", "must be a nats:// address")
	}
	if c.JWT.JWKSURL != "" && !hasScheme(c.JWT.JWKSURL, "http", "https") {
		problem("GATEWAY_JWKS_URL", "must be an http:// or https:// address")
	}
	if c.WhatsApp.URL != "" && !hasScheme(c.WhatsApp.URL, "ws", "wss") {
		problem("GATEWAY_WHATSAPP_URL", "must be a ws:// or wss:// address")
	}
	switch {
	case c.WhatsApp.URL != "" && c.WhatsApp.RootKey == nil:
		problem("GATEWAY_WHATSAPP_ROOT_KEY", "is needed with GATEWAY_WHATSAPP_URL: the simulator prints it")
	case c.WhatsApp.URL == "" && c.WhatsApp.RootKey != nil:
		problem("GATEWAY_WHATSAPP_ROOT_KEY", "is set without GATEWAY_WHATSAPP_URL")
	}
	if c.Secret.Key != nil && c.Secret.KeyFile != "" {
		problem("GATEWAY_SECRET_KEY_FILE", "is set together with GATEWAY_SECRET_KEY: set one of them")
	}
	if c.Event.Retention < time.Minute {
		problem("GATEWAY_EVENT_RETENTION", "must be at least 1m")
	}
	if c.Event.MaxBytes < 0 {
		problem("GATEWAY_EVENT_MAX_BYTES", "must not be negative")
	}
	problems = append(problems, c.Media.check()...)
	if !slices.Contains([]string{MetricsPublic, MetricsKey, MetricsOff}, c.Metrics) {
		problem("GATEWAY_METRICS", "must be public, key or off, not %q", c.Metrics)
	}
	if c.Log.Format != "" && c.Log.Format != "text" && c.Log.Format != "json" {
		problem("GATEWAY_LOG_FORMAT", "must be text or json, not %q", c.Log.Format)
	}
	return problems
}

func (m Media) check() (problems []string) {
	if m.URL != "" {
		if err := blob.CheckURL(m.URL); err != nil {
			problems = append(problems, "GATEWAY_MEDIA_URL: "+err.Error())
		}
	}
	if m.MaxFile < 1 {
		problems = append(problems, "GATEWAY_MEDIA_MAX_BYTES: must be at least 1")
	}
	if m.Days < 0 || m.Days > maxMediaDays {
		problems = append(problems, fmt.Sprintf("GATEWAY_MEDIA_DAYS: must be 0 to %d", maxMediaDays))
	}
	return problems
}

func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("must be host:port, not %q", addr)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("port must be 0 to 65535, not %q", port)
	} else if n == 0 && port != "0" {
		return fmt.Errorf("port must be 0 to 65535, not %q", port)
	}
	return nil
}

func hasScheme(raw string, schemes ...string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return false
	}
	return slices.Contains(schemes, u.Scheme)
}
