package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
	"wagateway/models/fault"
)

// change makes the draft of a message that changes another one, and sends it like
// any other: see [Service.SendMessage]. fill fills in what it says.
func (s *Service) change(ctx context.Context, row *models.Session, key MessageKey, async bool, fill func(x *session, target *models.Message, d *draft) error) (*models.Outgoing, error) {
	x, target, d, err := s.changeDraft(ctx, row, key)
	if err != nil {
		return nil, err
	}
	if err := fill(x, target, d); err != nil {
		return nil, err
	}
	return s.submit(ctx, x, row, NewSend{Async: async}, d)
}

// changeDraft finds what is to be changed.
func (s *Service) changeDraft(ctx context.Context, row *models.Session, key MessageKey) (*session, *models.Message, *draft, error) {
	x, err := s.session(ctx, row.ID)
	if err != nil {
		return nil, nil, nil, err
	}
	chat, target, err := s.messageOf(ctx, row.ID, key)
	if err != nil {
		return nil, nil, nil, err
	}
	if chat.Type == models.ChatBroadcast {
		return nil, nil, nil, fault.Invalid("chat", "chat must be a person's, a group's or a channel's")
	}
	to, err := types.ParseJID(chat.JID)
	if err != nil {
		return nil, nil, nil, fault.InvalidJID("chat", "a person's or group's JID").Because(err)
	}
	if target.FromMe && target.AckLevel == models.AckPending {
		scheduled, err := s.db.Outgoing.IsScheduled(ctx, target.ID)
		if err != nil {
			return nil, nil, nil, err
		}
		if scheduled { // the change would leave before it
			return nil, nil, nil, wrongKind("the message is scheduled, and has not been sent yet")
		}
	}
	sender := target.SenderLID
	if sender == "" {
		sender = target.SenderJID
	}
	return x, target, &draft{to: to, replyTo: target.WAMessageID, plain: true, details: models.Content{TargetSender: sender}}, nil
}

// keyTo is the key of a message as one in its chat names it.
func keyTo(to types.JID, target *models.Message) *waCommon.MessageKey {
	key := &waCommon.MessageKey{RemoteJID: proto.String(to.String()), FromMe: &target.FromMe, ID: &target.WAMessageID}
	if to.Server == types.GroupServer && !target.FromMe {
		sender := target.SenderLID
		if sender == "" {
			sender = target.SenderJID
		}
		key.Participant = &sender
	}
	return key
}

func wrongKind(message string) *fault.Error { return fault.Invalid("waMessageId", message) }

// EditMessage replaces the text, or the caption, of a message of the account's own.
// Another's message, one without a text, or one that is older than 20 minutes is
// fault.Validation: WhatsApp's apps offer it for 15 minutes, and take none that
// comes later than [whatsmeow.EditWindow], without a word. In a channel that the
// account may write in, else fault.Forbidden, it is any post of the last 30 days.
func (s *Service) EditMessage(ctx context.Context, row *models.Session, key MessageKey, text TextContent, async bool) (*models.Outgoing, error) {
	if err := checkText("text", text.Text); err != nil {
		return nil, err
	}
	mentions, err := parseMentions(text.Mentions)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, row, key, async, func(x *session, target *models.Message, d *draft) error {
		if d.to.Server == types.NewsletterServer {
			if err := s.mayChangePost(ctx, x, d.to, target); err != nil {
				return err
			}
			if len(mentions) > 0 {
				return fault.Invalid("mentions", "in a channel nobody can be mentioned")
			}
		} else if err := mayEdit(target); err != nil {
			return err
		}
		captioned := target.Type == models.MessageImage || target.Type == models.MessageVideo || target.Type == models.MessageDocument
		switch {
		case target.Deleted:
			return wrongKind("the message was taken back")
		case target.AckLevel == models.AckError:
			return wrongKind("the message was not sent")
		case target.Type != models.MessageText && !captioned:
			return wrongKind("only texts and captions can be edited")
		case captioned && utf8.RuneCountInString(text.Text) > maxCaption:
			return fault.Invalid("text", fmt.Sprintf("a caption must have at most %d characters", maxCaption)).With("max", maxCaption)
		}
		edited := &waE2E.Message{}
		if len(mentions) == 0 && !captioned {
			edited.Conversation = &text.Text
		} else if !captioned {
			edited.ExtendedTextMessage = &waE2E.ExtendedTextMessage{Text: &text.Text, ContextInfo: &waE2E.ContextInfo{MentionedJID: mentions}}
		} else if err := s.recaption(ctx, target, text.Text, mentions, edited); err != nil {
			return err
		} else if d.handle, err = s.db.Outgoing.MediaHandle(ctx, target.ID); err != nil {
			return err
		}
		d.kind, d.body, d.mentions = models.MessageEdit, text.Text, mentions
		d.message = &waE2E.Message{EditedMessage: &waE2E.FutureProofMessage{Message: &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
			Key: keyTo(d.to, target), Type: waE2E.ProtocolMessage_MESSAGE_EDIT.Enum(), EditedMessage: edited,
			TimestampMS: proto.Int64(int64(models.Now())),
		}}}}
		return nil
	})
}

// mayEdit checks whose a message to people is, and how old.
func mayEdit(target *models.Message) error {
	switch {
	case !target.FromMe:
		return wrongKind("only messages of the account's own can be edited")
	case !target.Deleted && target.AckLevel > models.AckPending && time.Since(target.Timestamp.Time()) > whatsmeow.EditWindow:
		return wrongKind("the message is too old to be edited")
	}
	return nil
}

// recaption makes a message with a file anew, with another caption.
func (s *Service) recaption(ctx context.Context, target *models.Message, caption string, mentions []string, edited *waE2E.Message) error {
	message, err := s.contentFor(ctx, target)
	if err != nil {
		return err
	}
	proto.Merge(edited, message)
	retext(edited, &caption)
	withContext(edited, &waE2E.ContextInfo{MentionedJID: mentions})
	return nil
}

// RevokeMessage takes a message back for everyone: one of the account's own, or
// anybody's in a group that the account administers, or in a channel that it may write
// in, for 30 days there, else fault.Forbidden, as another's in a chat with one person is.
// One that is taken back already is fault.Validation.
func (s *Service) RevokeMessage(ctx context.Context, row *models.Session, key MessageKey, async bool) (*models.Outgoing, error) {
	return s.change(ctx, row, key, async, func(x *session, target *models.Message, d *draft) error {
		channel := d.to.Server == types.NewsletterServer
		if channel {
			if err := s.mayChangePost(ctx, x, d.to, target); err != nil {
				return err
			}
		} else if key.Sender == "" && !target.FromMe {
			return wrongKind("without a sender, only messages of the account's own can be taken back")
		}
		if target.Deleted {
			return wrongKind("the message was taken back already")
		}
		if !target.FromMe && !channel {
			if d.to.Server != types.GroupServer {
				return fault.New(fault.Forbidden, "", "in a chat with one person, only messages of the account's own can be taken back")
			}
			admin, err := s.administers(ctx, x, d.to)
			if err != nil {
				return err
			}
			if !admin {
				return notGroupAdmin()
			}
		}
		d.kind = models.MessageRevoke
		d.message = &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
			Type: waE2E.ProtocolMessage_REVOKE.Enum(), Key: keyTo(d.to, target),
		}}
		return nil
	})
}

// administers reports whether the account is an admin of a group, as stored.
func (s *Service) administers(ctx context.Context, x *session, group types.JID) (bool, error) {
	stored, err := s.db.Groups.Get(ctx, x.id, group.String())
	if err != nil {
		return false, instead(err, notGroupAdmin())
	}
	pn, lid := x.own()
	for _, own := range []types.JID{lid, pn} {
		member, err := s.db.Members.Find(ctx, stored.ID, own.String())
		if err == nil && member.LeftAt == 0 {
			return member.Role != models.RoleMember, nil
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return false, err
		}
	}
	return false, nil
}

// AddReaction reacts to a message with one emoji.
func (s *Service) AddReaction(ctx context.Context, row *models.Session, key MessageKey, emoji string, async bool) (*models.Outgoing, error) {
	if emoji == "" {
		return nil, fault.Missing("emoji")
	}
	if !isEmoji(emoji) {
		return nil, fault.Invalid("emoji", "emoji must be one emoji")
	}
	return s.react(ctx, row, key, emoji, async)
}

// RemoveReaction takes the account's reaction back; one that is not there is gone
// already, which WhatsApp is told all the same.
func (s *Service) RemoveReaction(ctx context.Context, row *models.Session, key MessageKey, async bool) (*models.Outgoing, error) {
	return s.react(ctx, row, key, "", async)
}

func (s *Service) react(ctx context.Context, row *models.Session, key MessageKey, emoji string, async bool) (*models.Outgoing, error) {
	return s.change(ctx, row, key, async, func(_ *session, target *models.Message, d *draft) error {
		if err := inPeopleChat(d.to); err != nil {
			return err
		}
		if target.Deleted || target.Type == models.MessageSystem {
			return wrongKind("the message cannot be reacted to")
		}
		d.kind, d.body = models.MessageReaction, emoji
		d.message = &waE2E.Message{ReactionMessage: &waE2E.ReactionMessage{
			Key: keyTo(d.to, target), Text: &emoji, SenderTimestampMS: proto.Int64(int64(models.Now())),
		}}
		return nil
	})
}

// VoteMessage votes in a poll; no options take the vote back. What is no poll, an
// option it does not have, or too many, is fault.Validation.
func (s *Service) VoteMessage(ctx context.Context, row *models.Session, key MessageKey, options []string, async bool) (*models.Outgoing, error) {
	return s.change(ctx, row, key, async, func(x *session, target *models.Message, d *draft) error {
		if err := inPeopleChat(d.to); err != nil {
			return err
		}
		poll := target.Content.Poll
		if poll == nil || target.Deleted {
			return wrongKind("the message is not a poll")
		}
		if poll.SelectableCount > 0 && len(options) > poll.SelectableCount {
			return fault.Invalid("options", "options has more than the poll allows").With("max", poll.SelectableCount)
		}
		for i, option := range options {
			if !slices.Contains(poll.Options, option) || slices.Contains(options[:i], option) {
				return fault.Invalid("options", "options must be different ones of the poll's")
			}
		}
		cli := x.cli()
		if cli == nil {
			return fault.NotConnected() // the poll's secret is with the client
		}
		evt, err := x.eventOf(ctx, target)
		if err != nil {
			return err
		}
		vote, err := guarded(ctx, cli, func(ctx context.Context, cli *whatsmeow.Client) (*waE2E.Message, error) {
			return cli.BuildPollVote(ctx, &evt.Info, options)
		})
		if errors.Is(err, whatsmeow.ErrOriginalMessageSecretNotFound) {
			return wrongKind("the poll's key is not known here, so it cannot be voted in").Because(err)
		}
		if err != nil {
			return fmt.Errorf("encrypting a vote: %w", err)
		}
		d.kind, d.message, d.details.Options = models.MessageVote, vote, append([]string{}, options...)
		return nil
	})
}

// CancelSend withdraws a send that is scheduled or queued; fault.Conflict when it
// has left already, or may have.
func (s *Service) CancelSend(ctx context.Context, row *models.Session, outboxID string) (*models.Outgoing, error) {
	x, err := s.session(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	send, err := s.db.Outgoing.Get(ctx, outboxID)
	if err != nil {
		return nil, err
	}
	if send.SessionID != row.ID {
		return nil, fault.NoSuch("send")
	}
	late := fault.New(fault.Conflict, "", "the message has left already, or may have")
	if send.Status != models.OutgoingQueued || send.Attempts > 0 || !x.sender.cancel(send.WAMessageID()) {
		return nil, late
	}
	defer x.sender.buried(send.WAMessageID())
	ctx, cancel := storing(ctx)
	defer cancel()
	cancelled, err := s.db.Outgoing.Failed(ctx, send, models.FailureOf(fault.New(fault.Conflict, fault.ReasonCancelled, "the send was cancelled")))
	if err != nil {
		return nil, err
	}
	s.changes.notify(nil)
	if cancelled.Failure.Reason != fault.ReasonCancelled {
		return nil, late
	}
	return cancelled, nil
}
