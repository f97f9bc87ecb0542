package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
)

// repeated writes n pieces, each with its number.
func repeated(n int, piece string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, piece, i)
	}
	return b.String()
}

func TestHostileOperations(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	key := s.Key(t, models.Read, models.Send, models.Manage)
	var doubling, chain strings.Builder
	for i := range 60 {
		fmt.Fprintf(&doubling, "fragment f%d on Query { ...f%d ...f%d } ", i, i+1, i+1)
		fmt.Fprintf(&chain, "fragment f%d on Query { viewer { ...f%d } } ", i, i+1)
	}
	const ending = "fragment f60 on Query { viewer { userId } } query { ...f0 }"
	limit, parse, validation := "GRAPHQL_LIMIT_EXCEEDED", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"
	for name, test := range map[string]struct{ query, code string }{
		"50 deep":                   {"{ " + strings.Repeat("sessions { nodes { ", 25) + "id" + strings.Repeat(" } }", 25) + " }", limit},
		"50 deep by fragments":      {chain.String() + ending, limit},
		"3,000 deep":                {strings.Repeat("{ a ", 3000) + strings.Repeat("}", 3000), parse},
		"1,000 aliases":             {"{ " + repeated(1000, "a%d: viewer { userId } ") + "}", limit},
		"1,000 aliases below":       {"{ viewer { " + repeated(1000, "a%d: userId ") + "} }", limit},
		"60 root fields":            {"{ " + repeated(60, "a%d: __typename ") + "}", limit},
		"root fields by fragments":  {"{ " + repeated(60, "...f%d ") + "}" + repeated(60, "fragment f%[1]d on Query { a%[1]d: __typename }"), limit},
		"doubling fragments":        {doubling.String() + ending, limit},
		"a fragment in itself":      {"{ ...f } fragment f on Query { ...f }", validation},
		"fragments in a circle":     {"{ ...a } fragment a on Query { ...b } fragment b on Query { viewer { userId } ...a }", validation},
		"20,000 tokens":             {"{ " + strings.Repeat("viewer ", 20000) + "}", parse},
		"the same field repeatedly": {"{ viewer { " + strings.Repeat("userId ", 990) + "} }", ""},
		"too many fields":           {"{ viewer { " + strings.Repeat("userId ", 1100) + "} }", limit},
		"the same with arguments":   {"{ viewer { userId } " + strings.Repeat(`node(id: "x") { id } `, 900) + "}", limit},
		"many directives":           {"{ viewer " + strings.Repeat("@include(if: true) ", 1200) + "{ userId } }", validation},
		"a large answer":            {"{ sessions(first: 200) { nodes { groups(first: 200) { nodes { members(first: 200) { nodes { lid } } } } } } }", limit},
		"a large answer by default": {"{ sessions { nodes { groups { nodes { members { nodes { lid } } } } } } }", limit},
		"an endless list":           {`mutation { addGroupMembers(sessionId: "x", groupJid: "y", input: {participants: [` + strings.Repeat(`"a",`, 9000) + `]}) { group { id } } }`, notFound},
		"a deep list":               {`{ node(id: ` + strings.Repeat("[", 4000) + strings.Repeat("]", 4000) + `) { id } }`, parse},
		"a huge number":             {`{ sessions(first: 99999999999999999999) { totalCount } }`, validation},
		"a large number":            {`{ sessions(first: 3000000000) { totalCount } }`, validation},
		"not closed":                {"{ viewer {", parse},
		"nothing":                   {"  ", validation},
		"only a comment":            {"# nothing", validation},
		"only a fragment":           {"fragment f on Query { viewer { userId } }", validation},
		"NUL in text":               {`{ session(id: "\u0000") { id } }`, "VALIDATION_ERROR"},
		"an unknown field":          {"{ nope }", validation},
		"an unknown enum value":     {`{ group(sessionId: "x", jid: "y") { members(role: BOSS) { totalCount } } }`, validation},
		"a time that is none":       {`mutation { createApiKey(input: {name: "n", expiresAt: "tomorrow"}) { secret } }`, "VALIDATION_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			r := s.Post(t, key, test.query, nil)
			assert.Equal(t, test.code, r.Code(), cut(r.Body))
			assert.Less(t, r.Status, 500)
			assert.Less(t, time.Since(start), 10*time.Second, "a hostile operation must be cheap to refuse")
			assert.Less(t, len(r.Body), 20_000)
		})
	}
}

func cut(s string) string { return s[:min(len(s), 300)] }

func TestIntrospection(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{true, false} {
		s := graphtest.New(t, modelstest.SQLite, func(setup *graphtest.Setup) { setup.Options.Introspection = on })
		for _, query := range []string{
			introspectionQuery, `{ __type(name: "Session") { name } }`,
			`{ ...f } fragment f on Query { ... { s: __schema { queryType { name } } } }`,
		} {
			r := s.Post(t, "", query, nil)
			if on {
				assert.Empty(t, r.Errors, cut(r.Body))
			} else {
				assert.Equal(t, "INTROSPECTION_DISABLED", r.Code(), cut(r.Body))
			}
		}
		r := s.Post(t, "", `{ __typename }`, nil)
		assert.JSONEq(t, `{"__typename":"Query"}`, string(r.Data))
	}
}

// introspectionQuery is what GraphiQL and code generators send.
const introspectionQuery = `query IntrospectionQuery { __schema { description
	queryType { name kind } mutationType { name kind } subscriptionType { name kind }
	types { ...FullType } directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL isOneOf
	fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
	inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
	enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
	ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }`

func TestHTTP(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite, func(setup *graphtest.Setup) { setup.Options.MaxUpload = 100_000 })
	key := s.Key(t, models.Read, models.Manage)
	const viewer = `{"query":"{ viewer { capabilities } }"}`
	with := func(pairs ...string) http.Header {
		h := http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {key}}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	const graphQL, plain = "application/graphql-response+json; charset=utf-8", "application/json; charset=utf-8"
	for name, test := range map[string]struct {
		method, query, body string
		header              http.Header
		status              int
		media, code         string
	}{
		"POST":                            {"POST", "", viewer, with(), 200, graphQL, ""},
		"POST with charset":               {"POST", "", viewer, with("Content-Type", "application/json; charset=utf-8"), 200, graphQL, ""},
		"for an old client":               {"POST", "", viewer, with("Accept", "application/json"), 200, plain, ""},
		"for both, JSON preferred":        {"POST", "", viewer, with("Accept", "application/graphql-response+json;q=0.5, application/json"), 200, plain, ""},
		"for both":                        {"POST", "", viewer, with("Accept", "application/graphql-response+json, application/json"), 200, graphQL, ""},
		"for anything":                    {"POST", "", viewer, with("Accept", "*/*"), 200, graphQL, ""},
		"GET":                             {"GET", "?query=%7Bviewer%7Bcapabilities%7D%7D", "", with(), 200, graphQL, ""},
		"GET with variables":              {"GET", "?query=query(%24i:ID!)%7Bnode(id:%24i)%7Bid%7D%7D&variables=%7B%22i%22:7%7D", "", with(), 200, graphQL, "NOT_FOUND"},
		"GET of a mutation":               {"GET", "?query=mutation%7BcreateSession(input:%7B%7D)%7Bsession%7Bid%7D%7D%7D", "", with(), 405, graphQL, invalid},
		"GET of nothing":                  {"GET", "", "", with(), 400, graphQL, invalid},
		"GET with bad variables":          {"GET", "?query=%7Bviewer%7Bcapabilities%7D%7D&variables=%5B%5D", "", with(), 400, graphQL, invalid},
		"GET with a bad address":          {"GET", "?query=%zz", "", with(), 400, graphQL, invalid},
		"PUT":                             {"PUT", "", viewer, with(), 405, graphQL, invalid},
		"a form":                          {"POST", "", "query=%7Bviewer%7BuserId%7D%7D", with("Content-Type", "application/x-www-form-urlencoded"), 415, graphQL, invalid},
		"a form's plain text":             {"POST", "", viewer, with("Content-Type", "text/plain"), 415, graphQL, invalid},
		"no content type":                 {"POST", "", viewer, with("Content-Type", ""), 415, graphQL, invalid},
		"multipart":                       {"POST", "", viewer, with("Content-Type", "multipart/form-data; boundary=x"), 415, graphQL, invalid},
		"a batch":                         {"POST", "", "[" + viewer + "," + viewer + "]", with(), 400, graphQL, invalid},
		"not JSON":                        {"POST", "", "{", with(), 400, graphQL, invalid},
		"not UTF-8":                       {"POST", "", "{\"query\":\"{ __typename }\",\"variables\":{\"a\":\"\xff\"}}", with(), 400, graphQL, invalid},
		"two values":                      {"POST", "", viewer + viewer, with(), 400, graphQL, invalid},
		"an empty body":                   {"POST", "", "", with(), 400, graphQL, invalid},
		"null":                            {"POST", "", "null", with(), 400, graphQL, invalid},
		"a query of the wrong type":       {"POST", "", `{"query":7}`, with(), 400, graphQL, invalid},
		"variables of the wrong type":     {"POST", "", `{"query":"{ __typename }","variables":[]}`, with(), 400, graphQL, invalid},
		"a bad body for an old client":    {"POST", "", "{", with("Accept", "application/json"), 400, plain, invalid},
		"too large":                       {"POST", "", `{"query":"` + strings.Repeat(" ", 2<<20) + `"}`, with(), 413, graphQL, invalid},
		"not parsable":                    {"POST", "", `{"query":"{"}`, with(), 400, graphQL, "GRAPHQL_PARSE_FAILED"},
		"not parsable, for an old client": {"POST", "", `{"query":"{"}`, with("Accept", "application/json"), 200, plain, "GRAPHQL_PARSE_FAILED"},
		"not valid":                       {"POST", "", `{"query":"{ nope }"}`, with(), 400, graphQL, "GRAPHQL_VALIDATION_FAILED"},
		"a variable is missing":           {"POST", "", `{"query":"query($i: ID!) { node(id: $i) { id } }"}`, with(), 400, graphQL, "GRAPHQL_VALIDATION_FAILED"},
		"an unknown operation":            {"POST", "", `{"query":"query a { __typename }","operationName":"b"}`, with(), 400, graphQL, "GRAPHQL_VALIDATION_FAILED"},
		"a subscription":                  {"POST", "", `{"query":"subscription { pairing(sessionId: 1) { status } }"}`, with(), 406, graphQL, invalid},
		"no credential":                   {"POST", "", viewer, with("X-Api-Key", ""), 200, graphQL, "UNAUTHORIZED"},
		"an unknown persisted query":      {"POST", "", `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}`, with(), 200, graphQL, "PERSISTED_QUERY_NOT_FOUND"},
		"a persisted query of no form":    {"POST", "", `{"extensions":{"persistedQuery":7}}`, with(), 400, graphQL, invalid},
		"a wrong hash":                    {"POST", "", `{"query":"{ __typename }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}`, with(), 400, graphQL, invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := s.Send(t, test.method, test.query, test.body, test.header)
			assert.Equal(t, test.status, r.Status, cut(r.Body))
			assert.Equal(t, test.media, r.Header.Get("Content-Type"))
			assert.Equal(t, test.code, r.Code(), cut(r.Body))
			assert.Less(t, len(r.Body), 1000, "an error must not repeat the body")
			if r.Status != 200 {
				assert.Nil(t, r.Data, "what was not executed has no data")
				assert.NotContains(t, r.Body, `"data"`)
			}
			if r.Status == 405 {
				assert.Equal(t, "GET, POST", r.Header.Get("Allow"))
			}
		})
	}
}

func TestPersistedQueries(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	const hash = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38" // of {__typename}
	header := http.Header{"Content-Type": {"application/json"}}
	send := func(query string) *graphtest.Response {
		body := map[string]any{"extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hash}}}
		if query != "" {
			body["query"] = query
		}
		encoded, err := json.Marshal(body)
		require.NoError(t, err)
		return s.Send(t, http.MethodPost, "", string(encoded), header)
	}
	assert.Equal(t, "PERSISTED_QUERY_NOT_FOUND", send("").Code())
	require.Empty(t, send("{__typename}").Errors)
	assert.JSONEq(t, `{"__typename":"Query"}`, string(send("").Data))
}

// TestBodySizes: a file of 16 MiB fits into a POST of whoever has a credential; all
// else is bounded to a megabyte.
func TestBodySizes(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	key := s.Key(t, models.Read, models.Send)
	header := func(pairs ...string) http.Header {
		h := http.Header{"Content-Type": {"application/json"}}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	sized := func(n int) string {
		return `{"query":"query($a: ID!) { node(id: $a) { id } }","variables":{"a":"` + strings.Repeat("A", n) + `"}}`
	}
	const file, over = 16 << 20 / 3 * 4, 1 << 20
	for name, test := range map[string]struct {
		n      int
		header http.Header
		status int
		code   string
		limit  any
	}{
		"a file":                   {file, header("X-Api-Key", key), 200, notFound, nil},
		"more than a file":         {24 << 20, header("X-Api-Key", key), 413, invalid, 24 << 20},
		"no credential":            {over, header(), 413, invalid, over},
		"a credential of nobody's": {over, header("X-Api-Key", "wa_"+strings.Repeat("y", 40)), 413, invalid, over},
		"two credentials":          {over, header("X-Api-Key", key, "Authorization", "Bearer "+key), 413, invalid, over},
		"little, no credential":    {1000, header(), 200, "UNAUTHORIZED", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := s.Send(t, "POST", "", sized(test.n), test.header)
			assert.Equal(t, test.status, r.Status, cut(r.Body))
			assert.Equal(t, test.code, r.Code(), cut(r.Body))
			assert.Less(t, len(r.Body), 20_000)
			if test.limit != nil {
				assert.Contains(t, r.Body, fmt.Sprintf(`"maxBytes":%d`, test.limit))
			}
		})
	}
	t.Run("a large value of the wrong type", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{
			`{"query":"query($a: Int!) { sessions(first: $a) { totalCount } }","variables":{"a":"` + strings.Repeat("A", over) + `"}}`,
			`{"query":"{ sessions(first: \"` + strings.Repeat("A", over) + `\") { totalCount } }"}`,
			`{"query":"{ ` + strings.Repeat("A", over) + ` }"}`,
		} {
			r := s.Send(t, "POST", "", body, header("X-Api-Key", key))
			assert.Less(t, r.Status, 500)
			assert.NotEmpty(t, r.Code())
			assert.Less(t, len(r.Body), 20_000, "it is not sent back")
		}
	})
	t.Run("GET", func(t *testing.T) {
		t.Parallel()
		// What is in its body is not read; its address is what any header may be.
		r := s.Send(t, "GET", "?query=%7Bviewer%7Bcapabilities%7D%7D", sized(over), header("X-Api-Key", key))
		assert.Equal(t, http.StatusOK, r.Status)
		r = s.Send(t, "GET", "", sized(1000), header("X-Api-Key", key))
		assert.Equal(t, http.StatusBadRequest, r.Status)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"?query="+strings.Repeat("%20", over), nil)
		require.NoError(t, err)
		refused, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		assert.NoError(t, refused.Body.Close())
		assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, refused.StatusCode)
	})
	t.Run("a websocket's message", func(t *testing.T) {
		t.Parallel()
		socket := s.Open(t, map[string]any{"x-api-key": key})
		message := `{"id":"1","type":"subscribe","payload":` + sized(over) + `}`
		_ = socket.Write(t.Context(), websocket.MessageText, []byte(message)) // it may be closed under way
		assert.NotZero(t, socket.Closed(t))
	})
}
