package wasim

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

const (
	// maxInline is the size in bytes up to which a first part goes within its
	// message. WhatsApp's own limit is not published.
	maxInline = 64 << 10
	// historyKeys is what the media keys of history are for.
	historyKeys = "WhatsApp History Keys"
	// maxSentParts is how many parts a phone can upload again.
	maxSentParts = 1000
)

// sentPart is a part of the history that a companion was told of.
type sentPart struct {
	device *companion
	part   *waHistorySync.HistorySync
	how    historySending
}

// historySending is how a part is sent.
type historySending struct {
	inline  bool
	request string // the id of the companion's request that it answers
	again   string // the id of the message whose part is uploaded once more
}

// sendHistory uploads a part of the history, or puts it into the message, and
// tells a companion of it.
func (p *Phone) sendHistory(ctx context.Context, device *companion, part *waHistorySync.HistorySync, how historySending) error {
	packed, err := pack(part)
	if err != nil {
		return err
	}
	notice := &waE2E.HistorySyncNotification{
		SyncType:   waE2E.HistorySyncType(part.GetSyncType()).Enum(),
		ChunkOrder: part.ChunkOrder, Progress: part.Progress,
		OldestMsgInChunkTimestampSec: oldestIn(part),
	}
	if how.request != "" {
		notice.PeerDataRequestSessionID = proto.String(how.request)
	}
	if how.again != "" {
		notice.OriginalMessageID = proto.String(how.again)
	}
	if how.inline && len(packed) <= maxInline {
		notice.InitialHistBootstrapInlinePayload = packed
	} else if err = p.srv.uploadHistory(p, notice, packed); err != nil {
		return err
	}
	id := newMessageID()
	p.history.sent.put(id, sentPart{device, part, how}, func(*sentPart) {})
	return p.sendPeerAs(ctx, device, id, &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
		Type: waE2E.ProtocolMessage_HISTORY_SYNC_NOTIFICATION.Enum(), HistorySyncNotification: notice,
	}})
}

// pack marshals and compresses a part.
func pack(part *waHistorySync.HistorySync) ([]byte, error) {
	plain, err := proto.Marshal(part)
	if err != nil {
		return nil, fmt.Errorf("marshalling history: %w", err)
	}
	var packed bytes.Buffer
	writer := zlib.NewWriter(&packed)
	// A buffer takes everything.
	_, _ = writer.Write(plain)
	_ = writer.Close()
	return packed.Bytes(), nil
}

// oldestIn gives the time of a part's oldest message in seconds; nil without any.
func oldestIn(part *waHistorySync.HistorySync) *int64 {
	var oldest *int64
	for _, chat := range part.GetConversations() {
		for _, message := range chat.GetMessages() {
			at := int64(message.GetMessage().GetMessageTimestamp())
			if oldest == nil || at < *oldest {
				oldest = &at
			}
		}
	}
	return oldest
}

// uploadHistory encrypts a packed part, hosts it and writes into the notice where
// it is. Faults damage the file or lose it.
func (s *Server) uploadHistory(p *Phone, notice *waE2E.HistorySyncNotification, packed []byte) error {
	file, err := s.host(p.number, packed, historyKeys)
	if err != nil {
		return err
	}
	notice.MediaKey, notice.FileSHA256, notice.FileEncSHA256 = file.key, file.sha256, file.encSHA256
	notice.FileLength = proto.Uint64(file.length)
	notice.DirectPath = proto.String(file.directPath)
	notice.EncHandle = proto.String(randomHex(8))
	filePath, _, _ := strings.Cut(file.directPath, "?")
	if _, ok := s.faults.take(FaultHistoryMissing, p.number); ok {
		s.media.remove(filePath)
		return nil
	}
	if _, ok := s.faults.take(FaultHistoryCorrupt, p.number); ok {
		return s.media.damage(filePath)
	}
	return nil
}

// damage changes a byte in the middle of a file.
func (m *mediaStore) damage(filePath string) error {
	file, ok := m.get(filePath)
	if !ok {
		return ErrNotFound
	}
	sealed, err := file.read()
	if err != nil {
		return err
	}
	sealed = bytes.Clone(sealed)
	sealed[len(sealed)/2] ^= 0xff
	m.put(filePath, sealed)
	return nil
}

// removeFile takes DELETE /mms/<type>/<token>, by which clients clear away history
// that they have read. The path is in the query.
func (s *Server) removeFile(w http.ResponseWriter, r *http.Request) {
	if path, err := base64.RawURLEncoding.DecodeString(r.URL.Query().Get("d_md")); err == nil && strings.HasPrefix(string(path), "/blob/") {
		s.media.remove(string(path))
	}
	w.WriteHeader(http.StatusOK)
}

// historyReceipt takes a companion's word about a part of the history: that it has
// it, or that it could not download it. False if the receipt is about something else.
func (s *Server) historyReceipt(r receiptOut) bool {
	switch r.kind {
	case types.ReceiptTypeHistorySync:
		r.from.gotReceipt(r, r.from.lid, deviceJID(r.from.lid, r.device))
		return true
	case types.ReceiptTypeServerError:
		sent, ok := r.from.history.sent.get(r.id)
		if !ok || sent.device.id != r.device {
			return false // about a file in a message
		}
		r.from.gotReceipt(r, r.from.lid, deviceJID(r.from.lid, r.device))
		sent.how.again = r.id
		sent.how.inline = false
		s.spawn(func() {
			if err := r.from.sendHistory(s.ctx, sent.device, sent.part, sent.how); err != nil {
				s.log.Warn("history not uploaded again", "message_id", r.id, "error", err)
			}
		})
		return true
	default:
		return false
	}
}
