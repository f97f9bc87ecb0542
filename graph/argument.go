package graph

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// argumentField names what is wrong in a field's arguments as resolvers and REST name it, where
// a message's content is flat: input.content.poll.options[1] is options[1]. path begins
// behind the field; "" for one that names nothing.
func argumentField(path ast.Path) string {
	path = behind(path, "input")
	switch {
	case at(path, 0, "customHeaders"): // pairs here, an object there
		path = path[:1]
	case at(path, 0, "content") && len(path) > 2:
		path = flatContent(path[1:])
	}
	return path.String()
}

// flatContent is the way into a content, which begins with its kind.
func flatContent(path ast.Path) ast.Path {
	switch path[0] {
	case ast.PathName("text"), ast.PathName("poll"), ast.PathName("location"):
		return path[1:]
	case ast.PathName("contact"):
		if at(path, 1, "vcard") {
			return path[1:]
		}
		return path
	}
	return append(ast.Path{ast.PathName("media")}, path[1:]...)
}

// behind gives a path without its first name, when that is the one.
func behind(path ast.Path, name ast.PathName) ast.Path {
	if at(path, 0, name) && len(path) > 1 {
		return path[1:]
	}
	return path
}

func at(path ast.Path, i int, name ast.PathName) bool { return i < len(path) && path[i] == name }
