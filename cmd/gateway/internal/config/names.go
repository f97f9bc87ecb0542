package config

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/caarlos0/env/v11"
)

// prefix marks a variable as meant for this program.
const prefix = "GATEWAY_"

// orchestration matches what Kubernetes and Docker links put into the
// environment by themselves for a service that is called "gateway".
var orchestration = regexp.MustCompile(`^GATEWAY_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// Setting is one variable as the documentation shows it.
type Setting struct {
	Name    string
	Default string // "" when Shown says what happens instead
	Shown   string
	Doc     string
}

// Settings lists every variable in the order of [Config].
func Settings() []Setting {
	var settings []Setting
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for field := range t.Fields() {
			name := field.Tag.Get("env")
			if name == "" {
				walk(field.Type)
				continue
			}
			settings = append(settings, Setting{
				Name:    name,
				Default: field.Tag.Get("envDefault"),
				Shown:   field.Tag.Get("shown"),
				Doc:     field.Tag.Get("doc"),
			})
		}
	}
	walk(reflect.TypeFor[Config]())
	return settings
}

// ours picks the non-empty GATEWAY_ variables and, sorted, the names of those
// that are not settings.
func ours(environ []string) (values map[string]string, unknown []string) {
	known := map[string]bool{}
	for _, setting := range Settings() {
		known[setting.Name] = true
	}
	values = map[string]string{}
	for name, value := range env.ToMap(environ) {
		switch {
		case known[name]:
			if value != "" {
				values[name] = value
			}
		case strings.HasPrefix(name, prefix) && !orchestration.MatchString(name):
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return values, unknown
}

// unknownProblem says that nothing is called name, and what was perhaps meant.
func unknownProblem(name string) string {
	const alike = 3 // edits: a slip of the finger, not another word
	best, distance := "", alike+1
	for _, setting := range Settings() {
		if d := levenshtein.ComputeDistance(name, setting.Name); d < distance {
			best, distance = setting.Name, d
		}
	}
	if best == "" {
		return name + ": is no setting of the gateway"
	}
	return name + ": is no setting of the gateway; did you mean " + best + "?"
}

// parseProblems turns the env library's errors, which name struct fields, into
// sentences that name variables.
func parseProblems(err error) (problems []string) {
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return []string{err.Error()}
	}
	for _, one := range all.Errors {
		if parse, ok := errors.AsType[env.ParseError](one); ok {
			problems = append(problems, variableOf(parse)+": "+parse.Err.Error())
			continue
		}
		problems = append(problems, one.Error())
	}
	return problems
}

// variableOf finds the variable behind a field that did not parse. The field's
// name and type together are unique in the tree, which a test asserts.
func variableOf(parse env.ParseError) string {
	name := parse.Name
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for field := range t.Fields() {
			variable := field.Tag.Get("env")
			switch {
			case variable == "":
				walk(field.Type)
			case field.Name == parse.Name && field.Type == parse.Type:
				name = variable
			}
		}
	}
	walk(reflect.TypeFor[Config]())
	return name
}
