package rest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/swaggest/jsonschema-go"
	"github.com/swaggest/openapi-go"
	"github.com/swaggest/openapi-go/openapi31"

	"wagateway/graph"
	"wagateway/models/fault"
)

const openAPIPath = "/api/v1/openapi.json"

// tags of the document, in the contract's order.
var tags = []struct{ name, description string }{
	{tagAdmin, "Across organizations; needs a login token of the platform role super_admin."},
	{tagSessions, "Linked, or linkable, WhatsApp numbers: create, pair, start, stop."},
	{tagChats, "Conversations of a session and their messages."},
	{tagContacts, "People a session knows; who is on WhatsApp, their pictures, and who is blocked."},
	{tagMessages, "Sending messages."},
	{tagChannels, "Channels that the account follows or owns."},
	{tagWebhooks, "Endpoints that get the organization's events."},
	{tagGroups, "Groups of a session, their members, invites and join requests."},
	{tagRealtime, "Everything that happens, while it happens: resumable streams of events."},
	{tagKeys, "Long-lived credentials of the organization."},
}

const apiDescription = `A WhatsApp number is linked once, by QR or pairing code; from then on programs use it over this API
or over GraphQL at ` + "`/graphql`" + `, which offers the same and more.

- Times are Unix epoch **milliseconds**. JIDs are ` + "`6281234567890@s.whatsapp.net`, `205227043110953@lid` and `120363041234567890@g.us`" + `; in a path, ` + "`@` and `%40`" + ` are the same.
- Stored reads work while the session is offline; operations that ask WhatsApp then answer 501.
- Lists are ` + "`{\"data\":[…],\"nextCursor\":…}`" + `; without ` + "`limit`" + ` they give everything, but chats, messages and deliveries 50.
- Errors are ` + "`{\"error\":{\"code\",\"message\",\"details\"}}`" + `, always. Checks come in the order 401, 403, 404 (session), 400, 501.`

// OpenAPI gives the OpenAPI 3.1 document of every route of the table, generated
// from the table and the Go shapes. The same version gives the same bytes.
func OpenAPI(version string) ([]byte, error) {
	gate, err := graph.NewGate()
	if err != nil {
		return nil, fmt.Errorf("reading the schema's permissions: %w", err)
	}
	d := newDocument(version, gate)
	if err := d.addFailures(); err != nil {
		return nil, err
	}
	for _, rt := range table() {
		if err := d.add(rt); err != nil {
			return nil, fmt.Errorf("describing %s: %w", rt.Operation, err)
		}
	}
	if err := d.addRealtime(); err != nil {
		return nil, fmt.Errorf("describing the socket: %w", err)
	}
	if err := d.addHealth(); err != nil {
		return nil, fmt.Errorf("describing health: %w", err)
	}
	b, err := json.MarshalIndent(d.Spec, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the OpenAPI document: %w", err)
	}
	return append(b, '\n'), nil
}

// document is a reflector that knows the table.
type document struct {
	*openapi31.Reflector

	gate *graph.Gate
}

func newDocument(version string, gate *graph.Gate) *document {
	if version == "" {
		version = "dev"
	}
	d := &document{Reflector: openapi31.NewReflector(), gate: gate}
	d.DefaultOptions = append(d.DefaultOptions, jsonschema.InterceptDefName(schemaName))
	d.Spec.Info.WithTitle("WhatsApp gateway").WithVersion(version).WithDescription(apiDescription).
		WithLicense(*new(openapi31.License).WithName("GPL-3.0").WithIdentifier("GPL-3.0-only"))
	d.Spec.WithServers(openapi31.Server{URL: "/"})
	for _, t := range tags {
		d.Spec.Tags = append(d.Spec.Tags, *new(openapi31.Tag).WithName(t.name).WithDescription(t.description))
	}
	d.Spec.SetHTTPBearerTokenSecurity("bearer", "", "A login token (JWT), or an API key `wa_…`.")
	d.Spec.SetAPIKeySecurity("apiKey", "x-api-key", openapi.InHeader, "An API key `wa_…`.")
	return d
}

// add describes one row.
func (d *document) add(rt route) error {
	oc, err := d.NewOperationContext(rt.Method, rt.Pattern)
	if err != nil {
		return err
	}
	oc.SetID(rt.Operation)
	oc.SetTags(rt.Tag)
	oc.SetSummary(rt.Summary)
	oc.SetDescription(d.describe(rt))
	oc.AddSecurity("bearer")
	oc.AddSecurity("apiKey")
	if reflect.TypeOf(rt.in).NumField() > 0 {
		oc.AddReqStructure(rt.in)
	}
	success := []openapi.ContentOption{openapi.WithHTTPStatus(rt.Status)}
	oc.AddRespStructure(rt.out, append(success, func(cu *openapi.ContentUnit) { cu.Description = "Success." })...)
	if rt.OtherStatus != 0 {
		oc.AddRespStructure(rt.out, openapi.WithHTTPStatus(rt.OtherStatus), func(cu *openapi.ContentUnit) { cu.Description = "Accepted." })
	}
	for _, m := range rt.media {
		oc.AddRespStructure(nil, append(success, openapi.WithContentType(m), func(cu *openapi.ContentUnit) { cu.Format = "binary" })...)
	}
	for _, code := range rt.codes() {
		oc.AddRespStructure(nil, openapi.WithHTTPStatus(statusOf(code)), openapi.WithReference(responsesPrefix+responseName(code)))
	}
	if rt.Unprocessable {
		oc.AddRespStructure(nil, openapi.WithHTTPStatus(http.StatusUnprocessableEntity), openapi.WithReference(responsesPrefix+responseName(fault.Validation)))
	}
	if rt.Ranges {
		for _, m := range rt.media {
			oc.AddRespStructure(nil, openapi.WithHTTPStatus(http.StatusPartialContent), openapi.WithContentType(m), func(cu *openapi.ContentUnit) {
				cu.Format, cu.Description = "binary", "The range asked for."
			})
		}
		oc.AddRespStructure(nil, openapi.WithHTTPStatus(http.StatusNotModified), func(cu *openapi.ContentUnit) { cu.Description = "The caller has it already." })
		oc.AddRespStructure(nil, openapi.WithHTTPStatus(http.StatusRequestedRangeNotSatisfiable), openapi.WithReference(responsesPrefix+badRange))
	}
	if hasBody(rt) {
		oc.AddRespStructure(nil, openapi.WithHTTPStatus(http.StatusRequestEntityTooLarge), openapi.WithReference(responsesPrefix+bodyTooLarge))
	}
	if err := d.AddOperation(oc); err != nil {
		return err
	}
	exposed, ok := oc.(openapi31.OperationExposer)
	if !ok {
		return fmt.Errorf("operation context %T does not expose its operation", oc)
	}
	sortParameters(exposed.Operation().Parameters)
	if err := addAnswers(exposed.Operation(), rt); err != nil {
		return err
	}
	return addExamples(exposed.Operation(), rt.Examples)
}

// addAnswers puts an example beside the schema of each success in JSON.
func addAnswers(operation *openapi31.Operation, rt route) error {
	if rt.out == nil {
		return nil
	}
	for _, status := range []int{rt.Status, rt.OtherStatus} {
		answer := operation.Responses.MapOfResponseOrReferenceValues[strconv.Itoa(status)].Response
		if answer == nil {
			continue
		}
		example, err := exampleOf(reflect.TypeOf(rt.out))
		if err != nil {
			return err
		}
		if object, ok := example.(map[string]any); ok {
			maps.Copy(object, rt.Answers[status])
		}
		content := answer.Content["application/json"]
		content.WithExample(example)
		answer.Content["application/json"] = content
	}
	return nil
}

// addExamples puts bodies beside the schema of an operation's.
func addExamples(operation *openapi31.Operation, examples []bodyExample) error {
	for _, e := range examples {
		var value any
		if err := json.Unmarshal([]byte(e.body), &value); err != nil {
			return fmt.Errorf("reading the example %s: %w", e.name, err)
		}
		content := operation.RequestBody.RequestBody.Content["application/json"]
		content.WithExamplesItem(e.name, openapi31.ExampleOrReference{Example: new(openapi31.Example).WithValue(value)})
		operation.RequestBody.RequestBody.Content["application/json"] = content
	}
	return nil
}

// sortParameters puts path parameters first, as they stand in the address.
func sortParameters(ps []openapi31.ParameterOrReference) {
	slices.SortStableFunc(ps, func(a, b openapi31.ParameterOrReference) int {
		return strings.Compare(string(a.Parameter.In), string(b.Parameter.In)) // "path" < "query"
	})
}

const (
	schemasPrefix   = "#/components/schemas/"
	responsesPrefix = "#/components/responses/"
	bodyTooLarge    = "body_too_large"
	badRange        = "range_not_satisfiable"
)

// responseName names the response of a code among the components.
func responseName(code fault.Code) string { return string(code) }

// addFailures describes the answer of every code that a row may give, once for all.
func (d *document) addFailures() error {
	_, err := d.Reflect(Failure{}, jsonschema.DefinitionsPrefix(schemasPrefix), jsonschema.RootRef,
		jsonschema.CollectDefinitions(func(name string, schema jsonschema.Schema) {
			if m, err := schema.ToSchemaOrBool().ToSimpleMap(); err == nil {
				d.Spec.ComponentsEns().WithSchemasItem(name, m)
			}
		}))
	if err != nil {
		return fmt.Errorf("describing the error shape: %w", err)
	}
	used := make(map[fault.Code]bool)
	for _, rt := range table() {
		for _, code := range rt.codes() {
			used[code] = true
		}
	}
	for _, code := range fault.Codes() {
		if used[code] {
			d.addFailure(responseName(code), fault.New(code, "", whenCode(code)))
		}
	}
	d.addFailure(bodyTooLarge, fault.New(fault.Validation, fault.ReasonBodyTooLarge, "The body is over the size limit."))
	d.addFailure(badRange, fault.New(fault.Validation, fault.ReasonRange, "The file has no such range."))
	return nil
}

func (d *document) addFailure(name string, f *fault.Error) {
	var response openapi31.Response
	response.WithDescription("`" + string(f.Code()) + "`: " + f.Message())
	var content openapi31.MediaType
	content.WithSchema(map[string]any{"$ref": schemasPrefix + "Failure"})
	content.WithExample(presentFault(f))
	response.WithContentItem("application/json", content)
	if f.Code() == fault.RateLimited {
		var header openapi31.Header
		header.WithDescription("Seconds to wait before the next try.").WithSchema(map[string]any{"type": "integer"})
		response.WithHeadersItem("Retry-After", openapi31.HeaderOrReference{Header: &header})
	}
	d.Spec.ComponentsEns().WithResponsesItem(name, openapi31.ResponseOrReference{Response: &response})
}

// addHealth describes the routes outside of the table that programs call.
func (d *document) addHealth() error {
	for _, h := range []struct {
		id, path, summary string
		statuses          []int
	}{
		{"getHealth", "/healthz", "Whether the process lives.", []int{http.StatusOK}},
		{"getReadiness", "/readyz", "Whether the gateway takes requests.", []int{http.StatusOK, http.StatusServiceUnavailable}},
	} {
		oc, err := d.NewOperationContext(http.MethodGet, h.path)
		if err != nil {
			return err
		}
		oc.SetID(h.id)
		oc.SetTags("System")
		oc.SetSummary(h.summary)
		for _, s := range h.statuses {
			oc.AddRespStructure(Health{}, openapi.WithHTTPStatus(s))
		}
		// An empty requirement says that no credential is needed.
		if exposed, ok := oc.(openapi31.OperationExposer); ok {
			exposed.Operation().WithSecurity(map[string][]string{})
		}
		if err := d.AddOperation(oc); err != nil {
			return err
		}
	}
	d.Spec.Tags = append(d.Spec.Tags, *new(openapi31.Tag).WithName("System").WithDescription("For the machines that run the gateway; no credential."))
	return nil
}

// describe gives the notes of a row with what follows from the rest of it.
func (d *document) describe(rt route) string {
	var parts []string
	if rt.Notes != "" {
		parts = append(parts, rt.Notes)
	}
	if rt.Live {
		parts = append(parts, "Asks WhatsApp: 501 while the session is not connected.")
	}
	var needs []string
	for _, capability := range d.gate.Needs(rt.Field) {
		needs = append(needs, "`"+string(capability)+"`")
	}
	parts = append(parts, "Needs "+strings.Join(needs, " or ")+". GraphQL: `"+rt.Field+"`.")
	return strings.Join(parts, "\n\n")
}

// whenCode says when an operation answers with a code (contract §2).
func whenCode(code fault.Code) string {
	switch code {
	case fault.Validation:
		return "A field, parameter or cursor is bad or missing; `details.field` names it."
	case fault.Unauthorized:
		return "No credential, or an invalid, expired or revoked one."
	case fault.Forbidden:
		return "The caller lacks the capability, or the account is not an admin of the group."
	case fault.NotFound:
		return "Unknown, or another organization's."
	case fault.Conflict:
		return "At odds with what is there."
	case fault.RateLimited:
		return "Too many; wait as long as `Retry-After` says."
	case fault.NotImplemented:
		return "The session is not connected."
	case fault.Upstream:
		return "WhatsApp refused or did not answer; `details` has its code."
	case fault.Unavailable:
		return "The database is not reachable, or the gateway is shutting down."
	default:
		return "A fault of the gateway; its log has the cause."
	}
}

// hasBody reports whether a row takes a JSON body.
func hasBody(rt route) bool {
	for _, f := range reflect.VisibleFields(reflect.TypeOf(rt.in)) {
		if name := f.Tag.Get("json"); !f.Anonymous && name != "-" {
			return true
		}
	}
	return false
}

// listName finds the item type in the name of an instantiated list type.
var listName = regexp.MustCompile(`^(?:null|empty)EndList\[.*\.(\w+)\]$`)

// schemaName names a Go type in the document: Session, SessionList, CreateSessionBody.
func schemaName(t reflect.Type, _ string) string {
	if m := listName.FindStringSubmatch(t.Name()); m != nil {
		return m[1] + "List"
	}
	if body, ok := strings.CutPrefix(t.Name(), "in"); ok && body != "" {
		return body + "Body"
	}
	return t.Name()
}

// serveDocument answers with the document; it needs no credential. The document
// is generated when first asked for: a start should not wait for it.
func (a *api) serveDocument(document func() ([]byte, error)) http.HandlerFunc {
	once := sync.OnceValues(document)
	return func(w http.ResponseWriter, r *http.Request) {
		b, err := once()
		if err != nil {
			a.fail(w, r, "openapi", err)
			return
		}
		w.Header()["Content-Type"] = jsonType
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		_, _ = w.Write(b)
	}
}
