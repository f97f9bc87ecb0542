package config_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/cmd/gateway/internal/config"
)

func TestLoadDefaults(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	require.NoError(t, err)

	got, err := config.Load([]string{"PATH=/bin", "GATEWAY_DATABASE_URL="})
	require.NoError(t, err)
	assert.Equal(t, &config.Config{
		Addr:          "127.0.0.1:8080",
		DataDir:       "./data",
		ID:            host,
		JWT:           config.JWT{OrgClaim: "org", RoleClaim: "role"},
		Playground:    true,
		Introspection: true,
		Event:         config.Event{Retention: 7 * 24 * time.Hour, MaxBytes: 1 << 30},
		Media:         config.Media{MaxFile: 64 << 20, Download: true},
		Metrics:       config.MetricsPublic,
		Log:           config.Log{Level: config.Level(slog.LevelInfo)},
	}, got)
}

func TestLoadEverything(t *testing.T) {
	t.Parallel()
	root := strings.Repeat("ab", 32)
	got, err := config.Load([]string{
		"GATEWAY_ADDR=:9000",
		"GATEWAY_DATA_DIR=/var/lib/gateway",
		"GATEWAY_DATABASE_URL=postgres://u:p@db/gateway",
		"GATEWAY_NATS_URL=nats://nats:4222",
		"GATEWAY_ID=gw-1",
		"GATEWAY_JWKS_URL=https://id.example/jwks",
		"GATEWAY_JWT_ISSUER=https://id.example",
		"GATEWAY_JWT_AUDIENCE=gateway",
		"GATEWAY_JWT_ORG_CLAIM=tenant",
		"GATEWAY_JWT_ROLE_CLAIM=level",
		"GATEWAY_WHATSAPP_URL=ws://127.0.0.1:8090/ws",
		"GATEWAY_WHATSAPP_ROOT_KEY=" + root,
		"GATEWAY_SECRET_KEY=" + root,
		"GATEWAY_ALLOW_PRIVATE_NETWORKS=TRUE",
		"GATEWAY_PLAYGROUND=false",
		"GATEWAY_INTROSPECTION=0",
		"GATEWAY_EVENT_RETENTION=36h",
		"GATEWAY_EVENT_MAX_BYTES=0",
		"GATEWAY_MEDIA_URL=s3://bucket/prefix?region=eu-central-1",
		"GATEWAY_MEDIA_MAX_BYTES=1000",
		"GATEWAY_MEDIA_DOWNLOAD=false",
		"GATEWAY_MEDIA_DAYS=30",
		"GATEWAY_METRICS=key",
		"GATEWAY_LOG_LEVEL=DEBUG",
		"GATEWAY_LOG_FORMAT=json",
	})
	require.NoError(t, err)
	key, err := config.ParseKey(root)
	require.NoError(t, err)
	assert.Equal(t, &config.Config{
		Addr: ":9000", DataDir: "/var/lib/gateway", DatabaseURL: "postgres://u:p@db/gateway",
		NATSURL: "nats://nats:4222", ID: "gw-1",
		JWT:                  config.JWT{JWKSURL: "https://id.example/jwks", Issuer: "https://id.example", Audience: "gateway", OrgClaim: "tenant", RoleClaim: "level"},
		WhatsApp:             config.WhatsApp{URL: "ws://127.0.0.1:8090/ws", RootKey: config.HexBytes(key)},
		Secret:               config.Secret{Key: key},
		AllowPrivateNetworks: true,
		Event:                config.Event{Retention: 36 * time.Hour},
		Media:                config.Media{URL: "s3://bucket/prefix?region=eu-central-1", MaxFile: 1000, Days: 30},
		Metrics:              config.MetricsKey,
		Log:                  config.Log{Level: config.Level(slog.LevelDebug), Format: "json"},
	}, got)
}

func TestLoadListsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{
		"GATEWAY_ADDR=8080",
		"GATEWAY_DATABASE_URL=mysql://root:hunter2@db",
		"GATEWAY_NATS_URL=nats",
		"GATEWAY_JWKS_URL=file:///etc/passwd",
		"GATEWAY_WHATSAPP_URL=http://127.0.0.1:1",
		"GATEWAY_SECRET_KEY=hunter2hunter2hunter",
		"GATEWAY_PLAYGROUND=perhaps",
		"GATEWAY_LOG_LEVEL=loud",
		"GATEWAY_LOG_FORMAT=xml",
		"GATEWAY_ADR=x",
		"GATEWAY_WEATHER=",
	})
	var problems config.Problems
	require.ErrorAs(t, err, &problems)
	assert.ElementsMatch(t, []string{
		"GATEWAY_SECRET_KEY: must be at least 32 bytes, not 15",
		`GATEWAY_PLAYGROUND: must be true or false, not "perhaps"`,
		`GATEWAY_LOG_LEVEL: must be debug, info, warn or error, not "loud"`,
		`GATEWAY_ADDR: must be host:port, not "8080"`,
		"GATEWAY_DATABASE_URL: must be a postgres:// address, or unset for SQLite",
		"GATEWAY_NATS_URL: must be a nats:// address",
		"GATEWAY_JWKS_URL: must be an http:// or https:// address",
		"GATEWAY_WHATSAPP_URL: must be a ws:// or wss:// address",
		"GATEWAY_WHATSAPP_ROOT_KEY: is needed with GATEWAY_WHATSAPP_URL: the simulator prints it",
		`GATEWAY_LOG_FORMAT: must be text or json, not "xml"`,
		"GATEWAY_ADR: is no setting of the gateway; did you mean GATEWAY_ADDR?",
		"GATEWAY_WEATHER: is no setting of the gateway",
	}, problems)
	assert.NotContains(t, err.Error(), "hunter2", "secrets are not repeated")
}

func TestLoadRefusesSettingsThatContradict(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("0f", 32)
	for name, test := range map[string]struct {
		environ []string
		want    string
	}{
		"root key alone":  {[]string{"GATEWAY_WHATSAPP_ROOT_KEY=" + key}, "GATEWAY_WHATSAPP_ROOT_KEY: is set without GATEWAY_WHATSAPP_URL"},
		"two keys":        {[]string{"GATEWAY_SECRET_KEY=" + key, "GATEWAY_SECRET_KEY_FILE=/k"}, "GATEWAY_SECRET_KEY_FILE: is set together with GATEWAY_SECRET_KEY: set one of them"},
		"short root key":  {[]string{"GATEWAY_WHATSAPP_URL=ws://x", "GATEWAY_WHATSAPP_ROOT_KEY=abcd"}, "GATEWAY_WHATSAPP_ROOT_KEY: must be 64 hex digits"},
		"port too large":  {[]string{"GATEWAY_ADDR=:70000"}, `GATEWAY_ADDR: port must be 0 to 65535, not "70000"`},
		"port by name":    {[]string{"GATEWAY_ADDR=:http"}, `GATEWAY_ADDR: port must be 0 to 65535, not "http"`},
		"short retention": {[]string{"GATEWAY_EVENT_RETENTION=5s"}, "GATEWAY_EVENT_RETENTION: must be at least 1m"},
		"odd retention":   {[]string{"GATEWAY_EVENT_RETENTION=7 days"}, `GATEWAY_EVENT_RETENTION: must be a time such as 168h or 30m, not "7 days"`},
		"negative bytes":  {[]string{"GATEWAY_EVENT_MAX_BYTES=-1"}, "GATEWAY_EVENT_MAX_BYTES: must not be negative"},
		"odd bytes":       {[]string{"GATEWAY_EVENT_MAX_BYTES=1GB"}, `GATEWAY_EVENT_MAX_BYTES: must be a whole number, not "1GB"`},
		"media on ftp":    {[]string{"GATEWAY_MEDIA_URL=ftp://host"}, "GATEWAY_MEDIA_URL: must be a file:/// or s3:// address"},
		"odd media":       {[]string{"GATEWAY_MEDIA_URL=s3://b?x=y"}, `GATEWAY_MEDIA_URL: knows no "x": only region, endpoint and path-style`},
		"no media":        {[]string{"GATEWAY_MEDIA_MAX_BYTES=0"}, "GATEWAY_MEDIA_MAX_BYTES: must be at least 1"},
		"negative days":   {[]string{"GATEWAY_MEDIA_DAYS=-1"}, "GATEWAY_MEDIA_DAYS: must be 0 to 36525"},
		"endless days":    {[]string{"GATEWAY_MEDIA_DAYS=106752"}, "GATEWAY_MEDIA_DAYS: must be 0 to 36525"},
		"odd metrics":     {[]string{"GATEWAY_METRICS=yes"}, `GATEWAY_METRICS: must be public, key or off, not "yes"`},
		"bad key":         {[]string{"GATEWAY_SECRET_KEY=!!"}, "GATEWAY_SECRET_KEY: must be hex or base64"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(test.environ)
			var problems config.Problems
			require.ErrorAs(t, err, &problems)
			assert.Contains(t, problems, test.want)
		})
	}
}

// Kubernetes describes a service called "gateway" in the environment of every
// pod; that must not stop the program from starting.
func TestLoadIgnoresServiceVariables(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{
		"GATEWAY_SERVICE_HOST=10.0.0.1", "GATEWAY_SERVICE_PORT=80", "GATEWAY_SERVICE_PORT_HTTP=80",
		"GATEWAY_PORT=tcp://10.0.0.1:80", "GATEWAY_PORT_80_TCP=tcp://10.0.0.1:80",
		"GATEWAY_PORT_80_TCP_PROTO=tcp", "GATEWAY_PORT_80_TCP_PORT=80", "GATEWAY_PORT_80_TCP_ADDR=10.0.0.1",
	})
	assert.NoError(t, err)
}

func TestParseKeyForms(t *testing.T) {
	t.Parallel()
	want := []byte("\xff\xfe0123456789012345678901234567890")
	for name, text := range map[string]string{
		"hex":            "fffe30313233343536373839303132333435363738393031323334353637383930\n",
		"base64":         "//4wMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkw",
		"base64 for URL": "__4wMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkw",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := config.ParseKey(text)
			require.NoError(t, err)
			assert.Equal(t, want, []byte(got))
		})
	}
}

func TestMediaKeep(t *testing.T) {
	t.Parallel()
	assert.Zero(t, config.Media{}.Keep())
	assert.Equal(t, 36*time.Hour*20, config.Media{Days: 30}.Keep())
}
