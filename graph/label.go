package graph

import (
	"context"

	"wagateway/models"
)

// labelsOf loads the labels of a row for all its siblings at once. many gives them
// by the row's key.
func labelsOf[K comparable](
	ctx context.Context, handle any, key K, many func(context.Context, []K) (map[K][]models.Label, error),
) ([]*models.Label, error) {
	found, err := together(ctx, handle, key, field{"labels", nil}, func(ctx context.Context, key K) ([]models.Label, error) {
		labels, err := many(ctx, []K{key})
		return labels[key], err
	}, many)
	return pointers(found), err
}
