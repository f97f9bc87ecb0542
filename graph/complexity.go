package graph

import (
	"math"

	"wagateway/graph/gen"
	"wagateway/models"
)

// largestPage is what a list without a page size is taken for.
const largestPage = 200

// usualGroups is in how many groups of the account a person is taken to be.
const usualGroups = 5

// complexities estimate how many fields an answer has: a list is as much as its
// page size times what is asked of each item. All other fields count one.
func complexities() gen.ComplexityRoot {
	var c gen.ComplexityRoot
	page := func(child int, first *int32, _ *string) int { return times(child, first) }
	c.Query.APIKeys = page
	c.Query.Sessions = page
	c.Query.AdminListSessions = page
	c.Session.Groups = page
	c.Contact.Groups = func(child int) int { return 1 + usualGroups*child }
	c.Session.Contacts = func(child int, _ *gen.ContactFilter, first *int32, _ *string) int { return times(child, first) }
	c.Group.Members = func(child int, first *int32, _ *string, _ *models.MemberRole) int { return times(child, first) }
	c.Session.Chats = func(child int, first *int32, _ *string, _ *gen.ChatFilter) int { return times(child, first) }
	c.Chat.Messages = page
	c.Query.Webhooks = page
	c.Webhook.Deliveries = func(child int, first *int32, _ *string, _ *models.DeliveryStatus) int { return times(child, first) }
	c.Query.Messages = func(child int, _ string, _ *gen.MessageFilter, first *int32, _ *string) int {
		return times(child, first)
	}
	c.Query.SearchMessages = func(child int, _, _ string, _ *gen.MessageFilter, first *int32, _ *string) int {
		return times(child, first)
	}
	c.Query.Sends = func(child int, _ string, _ *gen.SendFilter, first *int32, _ *string) int { return times(child, first) }
	c.Query.Events = func(child int, _ *string, _ []models.EventName, first *int32, _ *string) int {
		return times(child, first)
	}
	c.Session.Calls = func(child int, first *int32, _ *string, _ *gen.CallFilter) int { return times(child, first) }
	c.Session.Channels = func(child int, first *int32, _ *string, _ *bool) int { return times(child, first) }
	c.Channel.Messages = page
	c.Session.Statuses = func(child int, first *int32, _, _ *string) int { return times(child, first) }
	return c
}

// times multiplies without overflow.
func times(child int, first *int32) int {
	n := largestPage
	if first != nil {
		n = max(int(*first), 1)
	}
	if child > math.MaxInt32 {
		return math.MaxInt
	}
	return 1 + n*child
}
