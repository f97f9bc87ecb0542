package rest

import (
	"context"

	"wagateway/graph/gen"
	"wagateway/models"
)

// detail loads what the contract's Message has of other people: reactions, and the
// votes of polls. Messages that were listed together cost one statement each.
func detail(ctx context.Context, root gen.ResolverRoot, messages []*models.Message) error {
	for _, m := range messages {
		reactions, err := root.Message().Reactions(ctx, m)
		if err != nil {
			return err
		}
		m.Details = &models.Details{}
		for _, r := range reactions {
			m.Details.Reactions = append(m.Details.Reactions, *r)
		}
		if m.Content.Poll == nil {
			continue
		}
		content, err := root.Message().Content(ctx, m)
		if err != nil {
			return err
		}
		if poll, ok := content.(gen.PollContent); ok {
			m.Details.Tally = make(map[string]int, len(poll.Options))
			for _, option := range poll.Options {
				m.Details.Tally[option.Name] = len(option.Votes)
			}
		}
	}
	return nil
}
