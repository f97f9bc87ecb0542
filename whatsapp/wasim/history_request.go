package wasim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/proto/waWeb"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// maxOnDemand is how many messages a phone hands out for one request.
const maxOnDemand = 500

// answerRequest gives a companion what it asks of its own phone: older messages,
// or messages that it could not read. Requests are answered in order, by the
// goroutine that works on the phone's inbox.
func (p *Phone) answerRequest(l letter, request *waE2E.PeerDataOperationRequestMessage) {
	device := p.companion(l.device)
	if device == nil {
		return
	}
	var err error
	switch kind := request.GetPeerDataOperationRequestType(); kind {
	case waE2E.PeerDataOperationRequestType_HISTORY_SYNC_ON_DEMAND:
		err = p.giveOlder(p.srv.ctx, device, l.id, request.GetHistorySyncOnDemandRequest())
	case waE2E.PeerDataOperationRequestType_PLACEHOLDER_MESSAGE_RESEND:
		err = p.giveUnread(p.srv.ctx, device, l.id, request.GetPlaceholderMessageResendRequest())
	default:
		p.srv.log.Debug("request to the phone without an answer", "kind", kind.String())
	}
	if err != nil {
		p.srv.log.Warn("request to the phone not answered", "message_id", l.id, "error", err)
	}
}

// giveOlder sends the messages of a chat that come before one that the companion
// has, the newest of them first. A message that the phone does not have counts by
// its time.
func (p *Phone) giveOlder(
	ctx context.Context, device *companion, request string, asked *waE2E.PeerDataOperationRequestMessage_HistorySyncOnDemandRequest,
) error {
	chat, err := types.ParseJID(asked.GetChatJID())
	if err != nil {
		return fmt.Errorf("reading chat: %w", err)
	}
	past := p.past(chat)
	end := slices.IndexFunc(past, func(m *waWeb.WebMessageInfo) bool { return m.GetKey().GetID() == asked.GetOldestMsgID() })
	if end < 0 {
		before := onDemandTime(asked.GetOldestMsgTimestampMS())
		end = slices.IndexFunc(past, func(m *waWeb.WebMessageInfo) bool {
			return !time.Unix(int64(m.GetMessageTimestamp()), 0).Before(before)
		})
		if end < 0 {
			end = len(past)
		}
	}
	count := min(max(int(asked.GetOnDemandMsgCount()), 0), maxOnDemand, end)
	given := slices.Clone(past[end-count : end])
	slices.Reverse(given)
	about := HistoryChat{Chat: p.chatOf(chat)}
	p.history.mu.Lock()
	if known, ok := p.history.chats[about.Chat]; ok {
		about = known.about
	}
	p.history.mu.Unlock()
	conversation := p.conversation(about)
	conversation.ID = proto.String(asked.GetChatJID())
	conversation.EndOfHistoryTransferType = waHistorySync.Conversation_COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY.Enum()
	if count < end {
		conversation.EndOfHistoryTransferType = waHistorySync.Conversation_COMPLETE_ON_DEMAND_SYNC_BUT_MORE_MSG_REMAIN_ON_PRIMARY.Enum()
	}
	return p.sendHistory(ctx, device, &waHistorySync.HistorySync{
		SyncType: waHistorySync.HistorySync_ON_DEMAND.Enum(), ChunkOrder: proto.Uint32(1), Progress: proto.Uint32(100),
		Conversations: []*waHistorySync.Conversation{conversationWith(conversation, given)},
	}, historySending{request: request})
}

// onDemandTime reads the time in a request, which is in seconds or, as its name
// says, in milliseconds.
func onDemandTime(value int64) time.Time {
	const firstMillisecond = 100_000_000_000 // as seconds: the year 5138
	if value < firstMillisecond {
		return time.Unix(value, 0)
	}
	return time.UnixMilli(value)
}

// giveUnread sends the messages that the companion could not read and the phone
// has. For others it gets no answer, as from a phone that could not read them either,
// nor for those that are viewed once, which are for the phone alone.
func (p *Phone) giveUnread(
	ctx context.Context, device *companion, request string, asked []*waE2E.PeerDataOperationRequestMessage_PlaceholderMessageResendRequest,
) error {
	var results []*waE2E.PeerDataOperationRequestResponseMessage_PeerDataOperationResult
	for _, one := range asked {
		chat, err := types.ParseJID(one.GetMessageKey().GetRemoteJID())
		if err != nil {
			return fmt.Errorf("reading chat: %w", err)
		}
		known := p.recall(chat, one.GetMessageKey().GetID())
		if known == nil || isViewOnce(known.GetMessage()) {
			continue
		}
		known = proto.CloneOf(known)
		known.Key.RemoteJID = proto.String(chat.String()) // clients look for the chat they asked about
		raw, err := proto.Marshal(known)
		if err != nil {
			return fmt.Errorf("marshalling message: %w", err)
		}
		results = append(results, &waE2E.PeerDataOperationRequestResponseMessage_PeerDataOperationResult{
			PlaceholderMessageResendResponse: &waE2E.PeerDataOperationRequestResponseMessage_PeerDataOperationResult_PlaceholderMessageResendResponse{
				WebMessageInfoBytes: raw,
			},
		})
	}
	if len(results) == 0 {
		return nil
	}
	return p.sendPeer(ctx, device, &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
		Type: waE2E.ProtocolMessage_PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE.Enum(),
		PeerDataOperationRequestResponseMessage: &waE2E.PeerDataOperationRequestResponseMessage{
			PeerDataOperationRequestType: waE2E.PeerDataOperationRequestType_PLACEHOLDER_MESSAGE_RESEND.Enum(),
			StanzaID:                     proto.String(request),
			PeerDataOperationResult:      results,
		},
	}})
}
