package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/complexity"
	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// The codes of refused operations, besides GraphQL's own of documents that
// cannot be parsed or validated.
const (
	codeLimit         = "GRAPHQL_LIMIT_EXCEEDED"
	codeIntrospection = "INTROSPECTION_DISABLED"
)

// Limits bound what one operation may ask. 0 is the default.
type Limits struct {
	Tokens     int // of the document. Default 10,000
	Depth      int // fields in fields. Default 15: introspection's own
	Fields     int // fields of the document, fragments written out. Default 1,000: validating compares them with each other
	RootFields int // of an operation. Default 50
	Aliases    int // of the document, fragments written out. Default 250
	Complexity int // fields of the answer at most, estimated by the page sizes. Default 100,000, some 100 MB while it is made
}

func (l Limits) withDefaults() Limits {
	for limit, standard := range map[*int]int{
		&l.Tokens: 10_000, &l.Depth: 15, &l.Fields: 1_000, &l.RootFields: 50, &l.Aliases: 250, &l.Complexity: 100_000,
	} {
		if *limit == 0 {
			*limit = standard
		}
	}
	return l
}

// limiter is an extension of the server that looks at a document before it is
// validated, because validating is what a hostile one makes dear: fragments that
// double at each step take for ever.
type limiter struct {
	Limits

	introspection bool
	// accepted holds documents that have passed.
	accepted graphql.Cache[*ast.QueryDocument]
	// schema estimates the complexity of fields.
	schema graphql.ExecutableSchema
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
	graphql.OperationContextMutator
} = limiter{}

// ExtensionName implements [graphql.HandlerExtension].
func (limiter) ExtensionName() string { return "Limits" }

// Validate implements [graphql.HandlerExtension].
func (limiter) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters refuses a document beyond the limits. One that cannot
// be parsed is left to the executor, which says why.
func (l limiter) MutateOperationParameters(ctx context.Context, request *graphql.RawParams) *gqlerror.Error {
	if _, passed := l.accepted.Get(ctx, request.Query); passed {
		return nil
	}
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: request.Query}, l.Tokens)
	if err != nil || document == nil {
		return nil //nolint:nilerr // the executor meets the same error
	}
	w := walker{fragments: document.Fragments, sizes: make(map[string]size), limit: l.Fields}
	var total size
	for _, operation := range document.Operations {
		s := w.measure(operation.SelectionSet)
		total = total.plus(s, l.Fields)
		roots := w.roots(operation.SelectionSet, make(map[string]bool))
		if err := beyond("root fields", len(roots), l.RootFields); err != nil {
			return err
		}
		if !l.introspection && (contains(roots, "__schema") || contains(roots, "__type")) {
			return refusal(codeIntrospection, "introspection is switched off")
		}
	}
	for _, fragment := range document.Fragments {
		total = total.plus(w.fragment(fragment.Name), l.Fields) // unused ones are validated too
	}
	return first(
		beyond("levels", total.depth, l.Depth),
		beyond("fields", total.fields, l.Fields),
		beyond("aliases", total.aliases, l.Aliases),
	)
}

// MutateOperationContext refuses an operation whose answer may be too large, and a
// subscription to anything but one stream. The validation counts names, not answers:
// one field under two aliases passes it, and so does one that a directive leaves out.
func (l limiter) MutateOperationContext(ctx context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	if operation.Operation.Operation == ast.Subscription &&
		len(graphql.CollectFields(operation, operation.Operation.SelectionSet, []string{l.schema.Schema().Subscription.Name})) != 1 {
		return refusal(errcode.ValidationFailed, "a subscription must select one field, once")
	}
	fields := complexity.Calculate(ctx, l.schema, operation.Operation, operation.Variables)
	if fields <= l.Complexity {
		return nil
	}
	return refusal(codeLimit, fmt.Sprintf(
		"the answer may have %d fields, more than %d: ask for less, or for smaller pages by first", fields, l.Complexity))
}

func beyond(what string, n, limit int) *gqlerror.Error {
	if n <= limit {
		return nil
	}
	return refusal(codeLimit, fmt.Sprintf("the operation has more than %d %s", limit, what))
}

func refusal(code, message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{extensionCode: code}}
}

func first(errs ...*gqlerror.Error) *gqlerror.Error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func contains(fields []*ast.Field, name string) bool {
	for _, f := range fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

// size is what a selection holds with its fragments written out.
type size struct{ depth, fields, aliases int }

// plus adds the sizes of selections side by side, and stops counting beyond the
// limit: fragments can stand for more fields than an int can count.
func (s size) plus(other size, limit int) size {
	return size{
		depth:   max(s.depth, other.depth),
		fields:  min(s.fields+other.fields, limit+1),
		aliases: min(s.aliases+other.aliases, limit+1),
	}
}

// walker measures selections, each fragment once.
type walker struct {
	fragments ast.FragmentDefinitionList
	sizes     map[string]size
	limit     int
}

func (w *walker) measure(set ast.SelectionSet) size {
	var total size
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			below := w.measure(s.SelectionSet)
			below.depth++
			below.fields++
			if s.Alias != "" && s.Alias != s.Name {
				below.aliases++
			}
			total = total.plus(below, w.limit)
		case *ast.InlineFragment:
			total = total.plus(w.measure(s.SelectionSet), w.limit)
		case *ast.FragmentSpread:
			// A spread costs work too where its fragment is empty of fields.
			spread := w.fragment(s.Name)
			spread.fields++
			total = total.plus(spread, w.limit)
		}
	}
	return total
}

// fragment measures a fragment. One that contains itself counts nothing inside
// itself: the validation refuses it.
func (w *walker) fragment(name string) size {
	if s, known := w.sizes[name]; known {
		return s
	}
	w.sizes[name] = size{}
	if definition := w.fragments.ForName(name); definition != nil {
		w.sizes[name] = w.measure(definition.SelectionSet)
	}
	return w.sizes[name]
}

// roots gives the fields of an operation itself; seen are the fragments that
// have been looked at.
func (w *walker) roots(set ast.SelectionSet, seen map[string]bool) []*ast.Field {
	var fields []*ast.Field
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			fields = append(fields, s)
		case *ast.InlineFragment:
			fields = append(fields, w.roots(s.SelectionSet, seen)...)
		case *ast.FragmentSpread:
			if definition := w.fragments.ForName(s.Name); definition != nil && !seen[s.Name] {
				seen[s.Name] = true
				fields = append(fields, w.roots(definition.SelectionSet, seen)...)
			}
		}
	}
	return fields
}
