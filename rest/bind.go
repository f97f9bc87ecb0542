package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"

	"wagateway/models/fault"
)

// A binder fills the input struct of a row from a request. The struct says where
// each field comes from, for the binder and for the OpenAPI document alike:
//
//	`path:"gid"`      string; unescaped once
//	`query:"limit"`   string, *int (a whole number) or *bool (true or false)
//	`header:"Last-Event-ID"`  string
//	`json:"subject"`  of the body; every body field is optional, unknown ones are ignored
//
// Path, query and header fields carry `json:"-"`, so that a body cannot set them. What a
// field must hold is the resolvers' business; the binder only refuses what has
// no meaning in any field: text that is not UTF-8 or holds NUL, which no
// database stores.
type binder struct {
	fields  []boundField
	texts   []textField
	hasBody bool
}

type boundField struct {
	in    string // "path", "query" or "header"
	name  string
	index []int
}

// textField is a body field that holds text and has to be looked through.
type textField struct {
	name  string
	index []int
}

// newBinder reads the plan from the input type, once, at start-up.
func newBinder(t reflect.Type) (*binder, error) {
	b := &binder{}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			continue
		}
		body, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		path, isPath := f.Tag.Lookup("path")
		query, isQuery := f.Tag.Lookup("query")
		header, isHeader := f.Tag.Lookup("header")
		switch {
		case isPath, isQuery, isHeader:
			if body != "-" {
				return nil, fmt.Errorf("field %s.%s comes from the address but a body could set it", t, f.Name)
			}
			bf := boundField{in: "path", name: path, index: f.Index}
			switch {
			case isQuery:
				bf.in, bf.name = "query", query
			case isHeader:
				bf.in, bf.name = "header", header
			}
			switch f.Type {
			case reflect.TypeFor[string](), reflect.TypeFor[*int](), reflect.TypeFor[*bool]():
			default:
				return nil, fmt.Errorf("field %s.%s has the unbindable type %s", t, f.Name, f.Type)
			}
			b.fields = append(b.fields, bf)
		case body == "" || body == "-":
			return nil, fmt.Errorf("field %s.%s says not where it comes from", t, f.Name)
		default:
			b.hasBody = true
			b.texts = append(b.texts, textsOf(f, body, f.Index)...)
		}
	}
	return b, nil
}

// textsOf gives the texts that a body field holds, itself or within an object.
func textsOf(f reflect.StructField, name string, index []int) []textField {
	switch f.Type.String() {
	case "string", "*string", "[]string", "map[string]string":
		return []textField{{name: name, index: index}}
	}
	if f.Type.Kind() != reflect.Pointer || f.Type.Elem().Kind() != reflect.Struct {
		return nil
	}
	var texts []textField
	for _, inner := range reflect.VisibleFields(f.Type.Elem()) {
		part, _, _ := strings.Cut(inner.Tag.Get("json"), ",")
		texts = append(texts, textsOf(inner, name+"."+part, slices.Concat(index, inner.Index))...)
	}
	return texts
}

// bind fills in, a pointer to the input struct. Every failure is a
// validation_error that names the field, except that a path value which is no
// text is reported by the caller's noun not being found.
func (b *binder) bind(in any, w http.ResponseWriter, r *http.Request, maxBody int64) error {
	v := reflect.ValueOf(in).Elem()
	if b.hasBody {
		if err := readBody(in, w, r, maxBody); err != nil {
			return err
		}
		if err := b.checkTexts(v); err != nil {
			return err
		}
	}
	query, err := b.query(r)
	if err != nil {
		return err
	}
	for _, f := range b.fields {
		value, err := f.value(r, query)
		if err != nil {
			return err
		}
		if err := f.set(v.FieldByIndex(f.index), value); err != nil {
			return err
		}
	}
	return nil
}

// query parses the query string, when a field comes from there.
func (b *binder) query(r *http.Request) (url.Values, error) {
	if r.URL.RawQuery == "" || !slices.ContainsFunc(b.fields, func(f boundField) bool { return f.in == "query" }) {
		return nil, nil //nolint:nilnil // no values are a nil map
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.New(fault.Validation, "", "the query string is malformed").Because(err)
	}
	return query, nil
}

// value gives the text of a field, "" when the caller gave none.
func (f boundField) value(r *http.Request, query url.Values) (string, error) {
	var value string
	switch f.in {
	case "path":
		return pathValue(r, f.name)
	case "query":
		value = query.Get(f.name)
	default:
		value = r.Header.Get(f.name)
	}
	if !isText(value) {
		return "", notText(f.name)
	}
	return value, nil
}

// set puts a given value into its field; "" is none.
func (f boundField) set(field reflect.Value, value string) error {
	if value == "" {
		return nil
	}
	switch field.Interface().(type) {
	case *int:
		n, err := parseCount(f.name, value)
		if err != nil {
			return err
		}
		field.Set(reflect.ValueOf(&n))
	case *bool:
		if value != "true" && value != "false" {
			return fault.Invalid(f.name, f.name+" must be true or false")
		}
		field.Set(reflect.ValueOf(new(value == "true")))
	default:
		field.SetString(value)
	}
	return nil
}

// pathValue gives a path parameter, unescaped once. The router matches the
// escaped path ([escapedPath]), so "@" and "%40" are the same resource and
// "%2540" is not.
func pathValue(r *http.Request, name string) (string, error) {
	raw := chi.URLParam(r, name)
	value, err := url.PathUnescape(raw)
	if err != nil || !isText(value) {
		return "", notText(name)
	}
	return value, nil
}

// readBody reads the JSON body into in. An absent body is an empty object; null
// is one too.
func readBody(in any, w http.ResponseWriter, r *http.Request, maxBody int64) error {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return fault.New(fault.Validation, fault.ReasonBodyTooLarge, "the body is too large").With("maxBytes", tooLarge.Limit)
		}
		return fault.New(fault.Validation, "", "the body could not be read").Because(err)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if !utf8.Valid(body) {
		return fault.New(fault.Validation, "", "the body is not valid JSON")
	}
	if err := json.Unmarshal(body, in); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			if wrong.Field == "" {
				return fault.New(fault.Validation, "", "the body must be a JSON object")
			}
			return fault.Invalid(wrong.Field, wrong.Field+" must be "+kindName(wrong.Type))
		}
		return fault.New(fault.Validation, "", "the body is not valid JSON").Because(err)
	}
	return nil
}

// kindName says in JSON's words what a Go type wants.
func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Pointer:
		return kindName(t.Elem())
	default:
		return "an object"
	}
}

func (b *binder) checkTexts(v reflect.Value) error {
	for _, f := range b.texts {
		field, err := v.FieldByIndexErr(f.index)
		if err != nil {
			continue // of an object that is not there
		}
		switch text := field.Interface().(type) {
		case string:
			if !isText(text) {
				return notText(f.name)
			}
		case *string:
			if text != nil && !isText(*text) {
				return notText(f.name)
			}
		case []string:
			for i, s := range text {
				if !isText(s) {
					return notText(f.name + "[" + strconv.Itoa(i) + "]")
				}
			}
		case map[string]string:
			for name, value := range text {
				if !isText(name) || !isText(value) {
					return notText(f.name)
				}
			}
		}
	}
	return nil
}

// isText reports whether s is UTF-8 without NUL, which PostgreSQL refuses.
func isText(s string) bool {
	return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s)
}

// notText says it as GraphQL does, with the field.
func notText(field string) error {
	return fault.Invalid(field, "text must be UTF-8 without NUL")
}

// parseCount parses a whole number. One too large for the machine is as good as
// the largest: limits are clamped anyway.
func parseCount(field, s string) (int, error) {
	n, err := strconv.Atoi(s) // at the limits where it is out of range
	if err != nil && !errors.Is(err, strconv.ErrRange) || s[0] == '+' {
		return 0, fault.Invalid(field, field+" must be a whole number")
	}
	return max(math.MinInt32, min(n, math.MaxInt32)), nil
}
