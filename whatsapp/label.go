package whatsapp

import (
	"context"
	"fmt"

	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// The limits of labels are those of WhatsApp's business app.
const (
	maxLabelName  = 100
	maxLabelColor = 19
)

// LabelChange is a label as it is to be; nil stays as it is.
type LabelChange struct {
	Name  *string // 1 to 100 characters
	Color *int    // 0 to 19, an index into the palette of WhatsApp's apps
}

func (c LabelChange) validate() error {
	if c.Name != nil {
		if blank(*c.Name) {
			return fault.Missing("name")
		}
		if err := checkName("name", *c.Name, maxLabelName); err != nil {
			return err
		}
	}
	if c.Color != nil && (*c.Color < 0 || *c.Color > maxLabelColor) {
		return fault.Invalid("color", fmt.Sprintf("color must be 0 to %d", maxLabelColor)).With("min", 0).With("max", maxLabelColor)
	}
	return nil
}

// CreateLabel makes a label. Like all acts on labels it asks WhatsApp: the session
// must be connected. Phones show labels of business accounts only.
func (s *Service) CreateLabel(ctx context.Context, sessionID string, change LabelChange) (*models.Label, error) {
	if change.Name == nil {
		return nil, fault.Missing("name")
	}
	if err := change.validate(); err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	id, err := s.db.Labels.NextID(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	return s.saveLabel(ctx, x, models.Label{WALabelID: id}, change)
}

// UpdateLabel changes a label; one that is not known is fault.NotFound.
func (s *Service) UpdateLabel(ctx context.Context, sessionID, labelID string, change LabelChange) (*models.Label, error) {
	if err := change.validate(); err != nil {
		return nil, err
	}
	label, err := s.db.Labels.Get(ctx, sessionID, labelID)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	return s.saveLabel(ctx, x, *label, change)
}

func (s *Service) saveLabel(ctx context.Context, x *session, label models.Label, change LabelChange) (*models.Label, error) {
	if change.Name != nil {
		label.Name = *change.Name
	}
	if change.Color != nil {
		label.Color = *change.Color
	}
	color := int32(label.Color)
	if err := s.sendState(ctx, x, appstate.BuildLabelEdit(label.WALabelID, label.Name, color, false)); err != nil {
		return nil, err
	}
	saving, done := storing(ctx)
	defer done()
	stored, err := s.db.Labels.Save(saving, x.id, label)
	s.changes.notify(err)
	return stored, err
}

// DeleteLabel deletes a label, takes it off everything, and gives it as it was; one
// that is not known is fault.NotFound.
func (s *Service) DeleteLabel(ctx context.Context, sessionID, labelID string) (*models.Label, error) {
	label, err := s.db.Labels.Get(ctx, sessionID, labelID)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	color := int32(label.Color)
	if err := s.sendState(ctx, x, appstate.BuildLabelEdit(label.WALabelID, label.Name, color, true)); err != nil {
		return nil, err
	}
	saving, done := storing(ctx)
	defer done()
	err = s.db.Labels.Delete(saving, x.id, labelID)
	s.changes.notify(err)
	return label, err
}

// LabelChat puts a label on a chat, or takes it off; what is not known is
// fault.NotFound. Repeating it changes nothing.
func (s *Service) LabelChat(ctx context.Context, sessionID, labelID, chatJID string, on bool) (*models.Chat, error) {
	jid, err := address.ParseChat("jid", chatJID)
	if err != nil {
		return nil, err
	}
	if _, err := s.db.Labels.Get(ctx, sessionID, labelID); err != nil {
		return nil, err
	}
	chat, err := s.db.Chats.Get(ctx, sessionID, jid)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	target, err := x.chatTarget(chat)
	if err != nil {
		return nil, err
	}
	if err := s.sendState(ctx, x, appstate.BuildLabelChat(target, labelID, on)); err != nil {
		return nil, err
	}
	saving, done := storing(ctx)
	defer done()
	err = s.db.Labels.LinkChat(saving, x.id, labelID, x.chatAddress(saving, target, types.EmptyJID), on)
	s.changes.notify(err)
	return chat, err
}

// LabelMessage puts a label on a message, or takes it off; what is not known is
// fault.NotFound. Repeating it changes nothing.
func (s *Service) LabelMessage(ctx context.Context, sessionID, labelID string, key MessageKey, on bool) (*models.Message, error) {
	chat, message, err := s.stateMessage(ctx, sessionID, key)
	if err != nil {
		return nil, err
	}
	if _, err := s.db.Labels.Get(ctx, sessionID, labelID); err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	target, err := x.chatTarget(chat)
	if err != nil {
		return nil, err
	}
	if err := s.sendState(ctx, x, appstate.BuildLabelMessage(target, labelID, message.WAMessageID, on)); err != nil {
		return nil, err
	}
	saving, done := storing(ctx)
	defer done()
	err = s.db.Labels.LinkMessage(saving, x.id, labelID, x.chatAddress(saving, target, types.EmptyJID), message.WAMessageID, on)
	s.changes.notify(err)
	return message, err
}

// handleLabelEvent stores what another device of the account did with labels.
func (s *Service) handleLabelEvent(ctx context.Context, x *session, evt any) error {
	switch evt := evt.(type) {
	case *events.LabelEdit:
		if evt.LabelID == "" {
			return nil
		}
		if evt.Action.GetDeleted() {
			return s.db.Labels.Delete(ctx, x.id, evt.LabelID)
		}
		_, err := s.db.Labels.Save(ctx, x.id, models.Label{
			WALabelID: evt.LabelID, Name: storable(evt.Action.GetName()), Color: int(evt.Action.GetColor()),
		})
		return err
	case *events.LabelAssociationChat:
		chat, known := x.stateChat(ctx, evt.JID)
		if !known || evt.LabelID == "" {
			return nil
		}
		return s.db.Labels.LinkChat(ctx, x.id, evt.LabelID, chat, evt.Action.GetLabeled())
	case *events.LabelAssociationMessage:
		chat, known := x.stateChat(ctx, evt.JID)
		if !known || evt.LabelID == "" {
			return nil
		}
		return s.db.Labels.LinkMessage(ctx, x.id, evt.LabelID, chat, evt.MessageID, evt.Action.GetLabeled())
	default:
		return fmt.Errorf("%T is not an event of labels", evt)
	}
}
