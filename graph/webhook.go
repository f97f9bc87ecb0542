package graph

import (
	"context"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
)

// createWebhook makes a webhook of the caller's organization.
func (r *Resolver) createWebhook(ctx context.Context, input gen.CreateWebhookInput) (*gen.CreateWebhookPayload, error) {
	organization, err := r.organization(ctx)
	if err != nil {
		return nil, err
	}
	headers, err := headersFrom(input.CustomHeaders)
	if err != nil {
		return nil, err
	}
	wanted := models.NewWebhook{
		OrganizationID: organization,
		SessionID:      orZero(input.SessionID.Value()),
		URL:            input.URL,
		Events:         input.Events.Value(),
		Secret:         orZero(input.Secret.Value()),
		RetryPolicy:    policyFrom(input.RetryPolicy),
		Inactive:       input.Active.Value() != nil && !*input.Active.Value(),
	}
	if headers != nil {
		wanted.CustomHeaders = *headers
	}
	created, secret, err := r.Hooks.Create(ctx, wanted)
	if err != nil {
		return nil, err
	}
	payload := &gen.CreateWebhookPayload{Webhook: created}
	if wanted.Secret == "" {
		payload.Secret = &secret
	}
	return payload, nil
}

func (r *Resolver) updateWebhook(ctx context.Context, id string, input gen.UpdateWebhookInput) (*gen.UpdateWebhookPayload, error) {
	organization, err := r.organization(ctx)
	if err != nil {
		return nil, err
	}
	// Before the input: a webhook of another organization is not there, whatever it says.
	if _, err := r.Hooks.Get(ctx, organization, id); err != nil {
		return nil, err
	}
	headers, err := headersFrom(input.CustomHeaders)
	if err != nil {
		return nil, err
	}
	patch := models.WebhookPatch{
		URL: input.URL.Value(), SessionID: input.SessionID.Value(), Secret: input.Secret.Value(),
		CustomHeaders: headers, RetryPolicy: policyFrom(input.RetryPolicy), Active: input.Active.Value(),
	}
	if events, given := input.Events.ValueOK(); given && events != nil {
		patch.Events = &events
	}
	changed, err := r.Hooks.Update(ctx, organization, id, patch)
	if err != nil {
		return nil, err
	}
	return &gen.UpdateWebhookPayload{Webhook: changed}, nil
}

// headersFrom gives the headers of an input; nil when none are given.
func headersFrom(given graphql.Omittable[[]*gen.WebhookHeaderInput]) (*map[string]string, error) {
	list := given.Value()
	if list == nil {
		return nil, nil //nolint:nilnil // absent is no map
	}
	headers := make(map[string]string, len(list))
	for _, h := range list {
		if _, twice := headers[h.Name]; twice {
			return nil, fault.Invalid("customHeaders", "customHeaders has a header twice").With("header", h.Name)
		}
		headers[h.Name] = h.Value
	}
	return &headers, nil
}

// headersOf lists a webhook's headers by name.
func headersOf(w *models.Webhook) []*gen.WebhookHeader {
	headers := make([]*gen.WebhookHeader, 0, len(w.CustomHeaders))
	for name, value := range w.CustomHeaders {
		headers = append(headers, &gen.WebhookHeader{Name: name, Value: value})
	}
	slices.SortFunc(headers, func(a, b *gen.WebhookHeader) int { return strings.Compare(a.Name, b.Name) })
	return headers
}

func policyFrom(given graphql.Omittable[*gen.RetryPolicyInput]) models.RetryPolicyPatch {
	policy := given.Value()
	if policy == nil {
		return models.RetryPolicyPatch{}
	}
	patch := models.RetryPolicyPatch{Attempts: number(policy.Attempts), DelaySeconds: number(policy.DelaySeconds)}
	if kind := policy.Policy.Value(); kind != nil {
		patch.Policy = new(string(*kind))
	}
	return patch
}

func webhookHandle(w *models.Webhook) any { return w }
func webhookKey(w *models.Webhook) string { return w.ID }

// listWebhooks gives a page of the caller's organization's webhooks.
func (r *Resolver) listWebhooks(ctx context.Context, page models.Page) (*gen.WebhookConnection, error) {
	organization, err := r.organization(ctx)
	if err != nil {
		return nil, err
	}
	list, err := r.Hooks.List(ctx, organization, page)
	if err != nil {
		return nil, err
	}
	siblings(ctx, webhookHandle, webhookKey, list)
	return gen.NewConnection(list, page.After, func(ctx context.Context) (int, error) {
		return r.Hooks.Count(ctx, organization)
	}), nil
}

// listDeliveries gives a page of the ledger of a webhook, which was loaded within
// its organization.
func (r *Resolver) listDeliveries(ctx context.Context, webhook *models.Webhook, filter models.DeliveryFilter, page models.Page) (*gen.DeliveryConnection, error) {
	type arguments struct {
		models.DeliveryFilter
		models.Page
	}
	deliveries := r.DB.Deliveries
	list, err := together(ctx, handleOn(webhook, page), webhook.ID, field{"deliveries", arguments{filter, page}},
		func(ctx context.Context, id string) (models.List[models.Delivery], error) {
			return deliveries.List(ctx, id, filter, page)
		},
		func(ctx context.Context, ids []string) (map[string]models.List[models.Delivery], error) {
			return deliveries.ListByWebhooks(ctx, ids, filter, page.Limit)
		})
	if err != nil {
		return nil, err
	}
	return gen.NewConnection(list, page.After, func(ctx context.Context) (int, error) {
		return together(ctx, webhook, webhook.ID, field{"deliveries.totalCount", filter},
			func(ctx context.Context, id string) (int, error) { return deliveries.Count(ctx, id, filter) },
			func(ctx context.Context, ids []string) (map[string]int, error) {
				return deliveries.CountByWebhooks(ctx, ids, filter)
			})
	}), nil
}
