package graph_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
)

const createKey = `mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey {
	id name prefix capabilities sessionId createdByUserId expiresAt lastUsedAt revokedAt } } }`

func TestAPIKeyLife(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	owner := s.Token(t, "owner")
	session := s.SessionOf(t, graphtest.Organization)
	expires := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	var created struct {
		CreateAPIKey struct {
			Secret string
			APIKey struct {
				ID, Name, Prefix, CreatedByUserID, ExpiresAt string
				Capabilities                                 []string
				SessionID, LastUsedAt, RevokedAt             *string
			}
		}
	}
	s.Get(t, owner, createKey, map[string]any{"input": map[string]any{
		"name": " CRM ", "capabilities": []string{"SEND", "READ"}, "sessionId": session.ID, "expiresAt": expires.Format(time.RFC3339Nano),
	}}, &created)
	key := created.CreateAPIKey.APIKey
	assert.Equal(t, "CRM", key.Name)
	assert.Equal(t, []string{"READ", "SEND"}, key.Capabilities)
	assert.Equal(t, session.ID, *key.SessionID)
	assert.Equal(t, "user", key.CreatedByUserID)
	assert.Equal(t, expires.Format("2006-01-02T15:04:05.000Z"), key.ExpiresAt)
	assert.Nil(t, key.LastUsedAt)
	secret := created.CreateAPIKey.Secret
	assert.True(t, strings.HasPrefix(secret, key.Prefix))

	require.Empty(t, s.Post(t, secret, `{ viewer { userId } }`, nil).Errors)
	list := s.Post(t, owner, `{ apiKeys { totalCount nodes { id lastUsedAt revokedAt } } }`, nil)
	assert.NotContains(t, list.Body, secret)
	assert.Contains(t, list.Body, `"revokedAt":null`)
	assert.NotContains(t, list.Body, `"lastUsedAt":null`)
	for range 2 { // repeating changes nothing
		require.Empty(t, s.Post(t, owner, `mutation { revokeApiKey(id: "`+key.ID+`") { apiKey { revokedAt } } }`, nil).Errors)
	}
	assert.Equal(t, "UNAUTHORIZED", s.Post(t, secret, `{ viewer { userId } }`, nil).Code(), "at once")
	assert.Equal(t, notFound, s.Post(t, owner, `mutation { revokeApiKey(id: "key_X") { apiKey { id } } }`, nil).Code())
}

func TestAPIKeyRefused(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	owner, manager := s.Token(t, "owner"), s.Key(t, models.Manage)
	stranger := s.SessionOf(t, "other")
	for name, test := range map[string]struct {
		credential string
		input      map[string]any
		code       string
		field      string
	}{
		"no name":                  {owner, map[string]any{"name": " "}, invalid, "name"},
		"a long name":              {owner, map[string]any{"name": strings.Repeat("ä", 101)}, invalid, "name"},
		"super admin":              {owner, map[string]any{"name": "n", "capabilities": []string{"SUPER_ADMIN"}}, invalid, "capabilities"},
		"no capability":            {owner, map[string]any{"name": "n", "capabilities": []string{}}, invalid, "capabilities"},
		"expired already":          {owner, map[string]any{"name": "n", "expiresAt": "2020-01-01T00:00:00Z"}, invalid, "expiresAt"},
		"expired at the epoch":     {owner, map[string]any{"name": "n", "expiresAt": "1970-01-01T00:00:00Z"}, invalid, "expiresAt"},
		"more than the caller may": {manager, map[string]any{"name": "n", "capabilities": []string{"MANAGE", "SEND"}}, "FORBIDDEN", ""},
		"another's session":        {owner, map[string]any{"name": "n", "sessionId": stranger.ID}, notFound, ""},
		"another's session first":  {owner, map[string]any{"name": "", "sessionId": stranger.ID}, notFound, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := s.Post(t, test.credential, createKey, map[string]any{"input": test.input})
			require.Equal(t, test.code, r.Code(), r.Body)
			if test.field != "" {
				assert.Equal(t, test.field, r.Errors[0].Extensions.Details["field"], r.Body)
			}
		})
	}
	var created struct {
		CreateAPIKey struct {
			APIKey struct{ Capabilities []string }
		}
	}
	s.Get(t, manager, createKey, map[string]any{"input": map[string]any{"name": "n"}}, &created)
	assert.Equal(t, []string{"MANAGE"}, created.CreateAPIKey.APIKey.Capabilities, "what the caller has, when nothing is said")
}

func TestNode(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	key, sender := s.Key(t, models.Read, models.Manage), s.Key(t, models.Manage)
	session := s.SessionOf(t, graphtest.Organization)
	syncGroup(t, s, session.ID, 0, 2)
	stranger := s.SessionOf(t, "other")
	syncGroup(t, s, stranger.ID, 0, 2)
	const ids = `{ viewer { organization { id } apiKey { id } } sessions { nodes { id groups { nodes { id members { nodes { id contact { id } } } } } contacts { nodes { id } } } } }`
	answer := s.Post(t, key, strings.NewReplacer("groups", "groups(first: 2)", "members", "members(first: 2)", "sessions", "sessions(first: 2)").Replace(ids), nil)
	require.Empty(t, answer.Errors, answer.Body)
	all := idsIn(t, answer.Data)
	require.GreaterOrEqual(t, len(all), 8)
	for _, id := range all {
		var node struct {
			Node struct {
				ID       string
				Typename string `json:"__typename"`
			}
		}
		s.Get(t, key, `query($id: ID!) { node(id: $id) { id __typename } }`, map[string]any{"id": id}, &node)
		assert.Equal(t, id, node.Node.ID)
	}
	limited := s.KeyOf(t, models.NewAPIKey{
		OrganizationID: graphtest.Organization, SessionID: s.SessionOf(t, graphtest.Organization).ID,
		Capabilities: models.CapabilitySet{models.Read, models.Manage},
	})
	code := func(credential, id string) string {
		return s.Post(t, credential, `query($id: ID!) { node(id: $id) { id } }`, map[string]any{"id": id}).Code()
	}
	for _, id := range []string{
		stranger.ID, "group:2", "member:3", "member:4", "contact:3", "organization:other",
		"", "x", "group:", "group:0", "group:-1", "group:01", "group:+1", "group:1.0", "group:999999999999999999999", "GROUP:1",
		"group:1:1", "member:99", "wurst:1", "organization:", "key_", "key_X", strings.Repeat("x", 10_000),
	} {
		assert.Equal(t, notFound, code(key, id), id)
	}
	for _, id := range all {
		if id != "organization:"+graphtest.Organization {
			assert.Equal(t, notFound, code(limited, id), "%s with a key of another session", id)
		}
	}
	assert.Equal(t, notFound, code(sender, "group:1"), "without READ a group cannot be had otherwise either")
	assert.Empty(t, code(key, "group:1"))
}

// idsIn collects every "id" of an answer.
func idsIn(t *testing.T, data json.RawMessage) []string {
	t.Helper()
	var ids []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, below := range v {
				if id, ok := below.(string); ok && name == "id" {
					ids = append(ids, id)
				}
				walk(below)
			}
		case []any:
			for _, below := range v {
				walk(below)
			}
		}
	}
	var tree any
	require.NoError(t, json.Unmarshal(data, &tree))
	walk(tree)
	return ids
}
