package rest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// exampleOf makes an example of a shape from its fields' own: the tag `example`,
// else the first of `enum`, else null or the zero value. Fields that an answer may
// lack are left out.
func exampleOf(t reflect.Type) (any, error) {
	switch t.Kind() {
	case reflect.Pointer:
		return exampleOf(t.Elem())
	case reflect.Struct:
		object := make(map[string]any)
		return object, exampleFields(object, t)
	case reflect.Slice:
		element, err := exampleOf(t.Elem())
		return []any{element}, err
	case reflect.Map:
		return map[string]any{}, nil
	default:
		return reflect.Zero(t).Interface(), nil
	}
}

// exampleFields fills in the fields of a struct, with those of the structs in it.
func exampleFields(object map[string]any, t reflect.Type) error {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			if err := exampleFields(object, f.Type); err != nil {
				return err
			}
			continue
		}
		if strings.Contains(options, "omit") {
			continue
		}
		value, err := exampleOfField(f)
		if err != nil {
			return fmt.Errorf("the example of %s.%s: %w", t, f.Name, err)
		}
		object[name] = value
	}
	return nil
}

// exampleOfField gives a field's example.
func exampleOfField(f reflect.StructField) (value any, err error) {
	example, given := f.Tag.Lookup("example")
	if !given {
		var choices string
		choices, given = f.Tag.Lookup("enum")
		example, _, _ = strings.Cut(choices, ",")
	}
	switch {
	case given && (f.Type.Kind() == reflect.String || f.Type == reflect.TypeFor[*string]()):
		return example, nil
	case given:
		err = json.Unmarshal([]byte(example), &value)
		return value, err //nolint:wrapcheck // its caller names the field
	case f.Type.Kind() == reflect.Pointer:
		return nil, nil //nolint:nilnil // null
	default:
		return exampleOf(f.Type)
	}
}
