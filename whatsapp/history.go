package whatsapp

import (
	"compress/flate"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

const (
	// maxHistories bounds how many parts of the past a process has in memory: one is
	// some megabytes unpacked, and mass pairing would have hundreds.
	maxHistories = 2
	// historyTime bounds getting and storing one part.
	historyTime = 15 * time.Minute
	// historyBatch is how many messages of the past share a transaction, so that
	// what comes meanwhile is not held up for long.
	historyBatch = 100
	// maxHistoryTries is how often a part is tried, with growing pauses. To ask the phone
	// for it once more counts as a try, too.
	maxHistoryTries = 6
	// maxHistoryCount is how many messages a phone gives on demand at once.
	maxHistoryCount = 50
)

// historyOffered keeps that the phone offers a part of the past. It is stored
// later, by [Service.runHistory]: parts are large.
func (s *Service) historyOffered(ctx context.Context, x *session, id string, offer *waE2E.HistorySyncNotification) error {
	encoded, err := proto.Marshal(offer)
	if err != nil {
		return fmt.Errorf("encoding an offer of history: %w", err)
	}
	err = s.db.History.Offer(ctx, x.id, id, offer.GetOriginalMessageID(), encoded)
	x.historyAdded()
	return gone(err)
}

// historyAdded has the parts looked at.
func (x *session) historyAdded() {
	select {
	case x.history <- struct{}{}:
	default:
	}
}

// runHistory stores the past that the phone has offered, a part at a time, until
// ctx, the link's, ends. A part that was interrupted is stored anew; what is there
// already stays as it is.
func (s *Service) runHistory(ctx context.Context, x *session, l *link) {
	for ctx.Err() == nil {
		pause := forever
		if x.connected() {
			part, err := s.db.History.Next(ctx, x.id)
			switch {
			case err != nil && ctx.Err() == nil:
				x.log.ErrorContext(ctx, "loading an offer of history failed, trying again", "error", err)
				pause = storeRetry
			case part == nil:
			case part.NextTryAt > models.Now():
				pause = time.Until(part.NextTryAt.Time())
			default:
				s.storeHistory(ctx, x, l, part)
				continue
			}
		}
		timer := time.NewTimer(pause)
		select {
		case <-x.history:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// storeHistory gets one part and stores it, and tells the phone.
func (s *Service) storeHistory(ctx context.Context, x *session, l *link, part *models.HistoryPart) {
	if s.historySlots.Acquire(ctx, 1) != nil {
		return
	}
	defer s.historySlots.Release(1)
	ctx, cancel := context.WithTimeout(ctx, historyTime)
	defer cancel()
	offer := &waE2E.HistorySyncNotification{}
	err := proto.Unmarshal(part.Notification, offer)
	var told contract.HistorySynced
	if err == nil {
		told, err = s.importPart(ctx, x, l, part, offer)
	}
	if err == nil {
		// Before it is noted as done: a process that dies here tells the phone twice,
		// the other way round never.
		err = l.tell(ctx, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.SendProtocolMessageReceipt(ctx, part.WAMessageID, types.ReceiptTypeHistorySync)
		})
	}
	if err == nil {
		err = s.db.History.Done(ctx, part, told)
	}
	if err != nil {
		s.historyMissed(ctx, x, l, part, offer, err)
		return
	}
	s.changes.notify(nil)
}

// tell makes a request by the link's client that has no answer.
func (l *link) tell(ctx context.Context, request func(context.Context, *whatsmeow.Client) error) error {
	_, err := guarded(ctx, l.client, func(ctx context.Context, cli *whatsmeow.Client) (struct{}, error) {
		return struct{}{}, request(ctx, cli)
	})
	return err
}

// historyMissed sees to a part that could not be stored: it is tried again, or the
// phone is asked to give it another time where it cannot be read.
func (s *Service) historyMissed(ctx context.Context, x *session, l *link, part *models.HistoryPart, offer *waE2E.HistorySyncNotification, cause error) {
	if ctx.Err() != nil && l.ctx.Err() != nil || fault.Is(cause, fault.NotFound) {
		return // the next link stores it, or its session is gone
	}
	status, again := models.HistoryWaiting, models.MillisOf(time.Now().Add(min(s.cfg.Timing.MediaRetry<<part.Attempts, maxMediaPause)))
	switch last := part.Attempts+1 >= maxHistoryTries; {
	case last:
		status = models.HistoryFailed
	case unreadable(cause) && len(offer.GetMediaKey()) > 0:
		err := l.tell(ctx, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.SendHistorySyncServerErrorReceipt(ctx, part.WAMessageID, offer.GetMediaKey())
		})
		if err == nil {
			status = models.HistoryFailed // it comes with another offer
		} else {
			x.log.DebugContext(ctx, "asking for a part of history again failed", "error", err)
		}
	}
	x.log.WarnContext(ctx, "a part of the history could not be stored", "status", status, "error", cause)
	ctx, cancel := storing(ctx)
	defer cancel()
	if err := s.db.History.Missed(ctx, part, status, "it could not be stored", again); err != nil {
		x.log.ErrorContext(ctx, "noting a failed part of history failed", "error", err)
	}
}

// unreadable reports whether a part is gone from WhatsApp's servers or damaged.
func unreadable(err error) bool {
	for _, known := range []error{
		whatsmeow.ErrMediaDownloadFailedWith403, whatsmeow.ErrMediaDownloadFailedWith404, whatsmeow.ErrMediaDownloadFailedWith410,
		whatsmeow.ErrInvalidMediaSHA256, whatsmeow.ErrInvalidMediaEncSHA256, whatsmeow.ErrInvalidMediaHMAC, whatsmeow.ErrTooShortFile,
		zlib.ErrHeader, zlib.ErrChecksum, proto.Error,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	_, damaged := errors.AsType[flate.CorruptInputError](err)
	return damaged
}

// importPart gets a part and stores what it tells.
func (s *Service) importPart(ctx context.Context, x *session, l *link, part *models.HistoryPart, offer *waE2E.HistorySyncNotification) (contract.HistorySynced, error) {
	history, err := guarded(ctx, l.client, func(ctx context.Context, cli *whatsmeow.Client) (*waHistorySync.HistorySync, error) {
		return cli.DownloadHistorySync(ctx, offer, true)
	})
	if err != nil {
		return contract.HistorySynced{}, err
	}
	row, err := s.db.Sessions.Find(ctx, x.id)
	if err != nil {
		return contract.HistorySynced{}, err
	}
	told := contract.HistorySynced{Chats: len(history.GetConversations()), Progress: int(min(history.GetProgress(), 100))}
	if err := s.importNames(ctx, x, history); err != nil {
		return told, err
	}
	past := pastImport{service: s, session: x, link: l, part: part, onDemand: history.GetSyncType() == waHistorySync.HistorySync_ON_DEMAND}
	past.since = time.Now().AddDate(0, 0, -row.HistoryDays)
	past.messages = past.onDemand || row.HistoryDays > 0
	past.states = history.GetSyncType() == waHistorySync.HistorySync_INITIAL_BOOTSTRAP
	for i, conversation := range history.GetConversations() {
		if err := past.conversation(ctx, conversation); err != nil {
			return told, err
		}
		history.Conversations[i] = nil // it may be large
	}
	return told, nil
}

// importNames stores who has which number, and what people call themselves.
func (s *Service) importNames(ctx context.Context, x *session, history *waHistorySync.HistorySync) error {
	people := make([]models.Person, 0, len(history.GetPhoneNumberToLidMappings()))
	known := make(map[string]bool, 2*cap(people))
	for _, mapping := range history.GetPhoneNumberToLidMappings() {
		var person models.Person
		for _, text := range []string{mapping.GetLidJID(), mapping.GetPnJID()} {
			if jid, err := types.ParseJID(text); err == nil {
				person = withAddress(person, jid)
			}
		}
		if person.LID == "" || person.PhoneJID == "" || known[person.LID] || known[person.PhoneJID] {
			continue
		}
		known[person.LID], known[person.PhoneJID] = true, true
		people = append(people, person)
	}
	if err := s.importPeople(ctx, x, people); err != nil {
		return err
	}
	people = people[:0]
	for _, named := range history.GetPushnames() {
		jid, err := types.ParseJID(named.GetID())
		if err != nil || named.GetPushname() == "" || named.GetPushname() == "-" || x.isOwn(jid) {
			continue
		}
		person := x.person(ctx, jid, types.EmptyJID)
		if person != (models.Person{}) {
			person.PushName = storable(named.GetPushname())
			people = append(people, person)
		}
	}
	return s.importPeople(ctx, x, people)
}

// importPeople stores people of the past, in groups.
func (s *Service) importPeople(ctx context.Context, x *session, people []models.Person) error {
	for batch := range slices.Chunk(people, historyBatch) {
		if _, err := s.db.Identities.Upsert(ctx, x.id, batch); err != nil {
			return fmt.Errorf("storing people of the past: %w", err)
		}
	}
	s.changes.notify(nil)
	return nil
}

// FetchHistory asks the account's phone for up to count messages, 1 to 50, before
// the oldest one that is known of a chat. They come later, with history.synced. A
// chat without a message is fault.Validation.
func (s *Service) FetchHistory(ctx context.Context, sessionID, chatJID string, count int) error {
	jid, err := address.ParseChat("chatJid", chatJID)
	if err != nil {
		return err
	}
	if count < 1 || count > maxHistoryCount {
		return fault.Invalid("count", fmt.Sprintf("count must be 1 to %d", maxHistoryCount)).With("max", maxHistoryCount)
	}
	chat, err := s.db.Chats.Get(ctx, sessionID, jid)
	if err != nil {
		return err
	}
	oldest, err := s.db.Messages.Oldest(ctx, chat.ID)
	if err != nil {
		return instead(err, fault.Invalid("chatJid", "chatJid must be a chat with a message, before which to look"))
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return err
	}
	evt, err := x.eventOf(ctx, oldest)
	if err != nil {
		return fmt.Errorf("reading the oldest message of a chat: %w", err)
	}
	evt.Info.Timestamp = oldest.Timestamp.Time()
	return tell(ctx, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
		_, err := cli.SendPeerMessage(ctx, cli.BuildHistorySyncRequest(&evt.Info, count))
		return err
	})
}
