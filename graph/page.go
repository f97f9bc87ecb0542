package graph

import "wagateway/models"

// pageOf makes the stores' page of a field's arguments. Without first it is
// everything: GraphQL fills it in by @page, REST leaves it out for its lists of
// one page.
func pageOf(first *int32, after *string) models.Page {
	var page models.Page
	if first != nil {
		page.Limit = int(*first)
	}
	if after != nil {
		page.After = *after
	}
	return page
}
