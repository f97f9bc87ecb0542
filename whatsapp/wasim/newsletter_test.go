package wasim_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"wagateway/whatsapp/wasim"
)

// mexCode gives the code of a GraphQL error, 0 without one.
func mexCode(err error) int {
	if refusal, ok := errors.AsType[types.GraphQLError](err); ok {
		return refusal.Extensions.ErrorCode
	}
	return 0
}

func TestChannelLife(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	a, b, b2 := pair(t, srv, anna), pair(t, srv, bert), pair(t, srv, bert)

	params := whatsmeow.CreateNewsletterParams{Name: "Tides", Description: "High and low", Picture: []byte("jpeg")}
	_, err := a.CreateNewsletter(within(t), params)
	require.Equal(t, 451, mexCode(err), "terms first: %v", err)
	require.NoError(t, a.AcceptTOSNotice(within(t), "20601218", "5"))
	_, err = a.CreateNewsletter(within(t), whatsmeow.CreateNewsletterParams{Name: strings.Repeat("x", 101)})
	require.Equal(t, 406, mexCode(err))
	made, err := a.CreateNewsletter(within(t), params)
	require.NoError(t, err)
	assert.Equal(t, types.NewsletterServer, made.ID.Server)
	assert.Equal(t, types.NewsletterRoleOwner, made.ViewerMeta.Role)
	assert.Equal(t, types.NewsletterStateActive, made.State.Type)
	assert.Equal(t, "Tides", made.ThreadMeta.Name.Text)
	assert.WithinDuration(t, time.Now(), made.ThreadMeta.CreationTime.Time, time.Minute)
	assert.WithinDuration(t, time.Now(), made.ThreadMeta.Name.UpdateTime.Time, time.Minute)
	require.NotNil(t, made.ThreadMeta.Picture)

	// Found by link and by address.
	seen, err := b.GetNewsletterInfoWithInvite(within(t), whatsmeow.NewsletterLinkPrefix+made.ThreadMeta.InviteCode)
	require.NoError(t, err)
	assert.Equal(t, made.ID, seen.ID)
	assert.Equal(t, "High and low", seen.ThreadMeta.Description.Text)
	assert.Nil(t, seen.ViewerMeta)
	_, err = b.GetNewsletterInfoWithInvite(within(t), "nonsense")
	assert.Equal(t, 404, mexCode(err))
	seen, err = b.GetNewsletterInfo(within(t), made.ID)
	require.NoError(t, err)
	assert.Equal(t, types.NewsletterRoleGuest, seen.ViewerMeta.Role)
	nowhere := types.NewJID("120363999999999999", types.NewsletterServer)
	_, err = b.GetNewsletterInfo(within(t), nowhere)
	assert.Equal(t, 404, mexCode(err))

	// Following, muting and leaving reaches the account's other companion only.
	require.Equal(t, 403, mexCode(b.NewsletterToggleMute(within(t), made.ID, true)), "a guest has nothing to mute")
	require.Equal(t, 404, mexCode(b.FollowNewsletter(within(t), nowhere)))
	require.NoError(t, b.FollowNewsletter(within(t), made.ID))
	require.NoError(t, b.FollowNewsletter(within(t), made.ID), "twice is harmless")
	joined := want[*events.NewsletterJoin](b2, nil)
	assert.Equal(t, made.ID, joined.ID)
	assert.Equal(t, types.NewsletterRoleSubscriber, joined.ViewerMeta.Role)
	require.NoError(t, b.NewsletterToggleMute(within(t), made.ID, true))
	assert.Equal(t, types.NewsletterMuteOn, want[*events.NewsletterMuteChange](b2, nil).Mute)
	list, err := b2.GetSubscribedNewsletters(within(t))
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, types.NewsletterMuteOn, list[0].ViewerMeta.Mute)
	assert.Equal(t, 1, list[0].ThreadMeta.SubscriberCount)
	list, err = a.GetSubscribedNewsletters(within(t))
	require.NoError(t, err)
	require.Len(t, list, 1, "the owner's own")
	truth, ok := srv.Channel(made.ID)
	require.True(t, ok)
	assert.Equal(t, []jid{bert.LID()}, truth.Followers)
	assert.Equal(t, []jid{bert.LID()}, truth.Muted)
	assert.Equal(t, anna.LID(), truth.Owner)

	require.NoError(t, b2.UnfollowNewsletter(within(t), made.ID))
	assert.Equal(t, made.ID, want[*events.NewsletterLeave](b, nil).ID)
	assert.Zero(t, count[*events.NewsletterJoin](b2, nil))
	require.Equal(t, 405, mexCode(a.UnfollowNewsletter(within(t), made.ID)), "the owner stays")
	list, err = b.GetSubscribedNewsletters(within(t))
	require.NoError(t, err)
	assert.Empty(t, list)
}

func TestChannelMessages(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	a, a2, b := pair(t, srv, anna), pair(t, srv, anna), pair(t, srv, bert)
	ch, err := anna.CreateChannel(within(t), "Tides", "", nil)
	require.NoError(t, err)
	assert.Equal(t, ch, want[*events.NewsletterJoin](a, nil).ID)
	require.NoError(t, bert.FollowChannel(within(t), ch))
	want[*events.NewsletterJoin](b, nil)

	// A companion of the owner posts, edits and deletes; everybody else gets it.
	sent, err := a.SendMessage(within(t), ch, text("high at noon"))
	require.NoError(t, err)
	assert.Equal(t, 100, sent.ServerID)
	again, err := a.SendMessage(within(t), ch, text("high at noon"), whatsmeow.SendRequestExtra{ID: sent.ID})
	require.NoError(t, err)
	assert.Equal(t, 100, again.ServerID, "sent again after a lost answer")
	for _, c := range []*client{b, a2} {
		got := want(c, saying("high at noon"))
		assert.Equal(t, ch, got.Info.Chat)
		assert.Equal(t, sent.ID, got.Info.ID)
		assert.Equal(t, 100, got.Info.ServerID)
		assert.Nil(t, got.NewsletterMeta)
	}
	_, err = a.SendMessage(within(t), ch, a.BuildEdit(ch, sent.ID, text("high at one")))
	require.NoError(t, err)
	edit := want(b, saying("high at one"))
	assert.Equal(t, sent.ID, edit.Info.ID)
	assert.Equal(t, types.EditAttributeAdminEdit, edit.Info.Edit)
	assert.WithinDuration(t, sent.Timestamp, edit.NewsletterMeta.OriginalTS, time.Second)
	assert.WithinDuration(t, time.Now(), edit.NewsletterMeta.EditTS, time.Minute)
	assert.Zero(t, count(b, saying("high at noon")), "once only")

	// The phone posts.
	second, err := anna.PostToChannel(within(t), ch, &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{Text: proto.String("low at six")}})
	require.NoError(t, err)
	assert.Equal(t, 101, second.ServerID)
	assert.Equal(t, second.ID, want(b, saying("low at six")).Info.ID)
	want(a, saying("low at six"))
	_, err = anna.EditInChannel(within(t), ch, 101, "low at seven")
	require.NoError(t, err)
	want(b, saying("low at seven"))

	// Nobody else may.
	_, err = b.SendMessage(within(t), ch, text("I know better"))
	require.ErrorIs(t, err, whatsmeow.ErrServerReturnedError)
	assert.ErrorContains(t, err, "403")
	_, err = bert.PostText(within(t), ch, "I know better")
	require.ErrorIs(t, err, wasim.ErrForbidden)
	nowhere := types.NewJID("120363999999999999", types.NewsletterServer)
	_, err = a.SendMessage(within(t), nowhere, text("anybody?"))
	assert.ErrorContains(t, err, "404")
	_, err = anna.PostText(within(t), nowhere, "anybody?")
	require.ErrorIs(t, err, wasim.ErrNotFound)
	_, err = anna.EditInChannel(within(t), ch, 999, "what?")
	require.ErrorIs(t, err, wasim.ErrNotFound)

	// Listed page by page, oldest first.
	for i := range 3 {
		_, err = anna.PostText(within(t), ch, strings.Repeat("wave ", i+1))
		require.NoError(t, err)
	}
	page, err := b.GetNewsletterMessages(within(t), ch, &whatsmeow.GetNewsletterMessagesParams{Count: 2})
	require.NoError(t, err)
	require.Equal(t, []int{103, 104}, serverIDs(page))
	page, err = b.GetNewsletterMessages(within(t), ch, &whatsmeow.GetNewsletterMessagesParams{Count: 10, Before: 103})
	require.NoError(t, err)
	require.Equal(t, []int{100, 101, 102}, serverIDs(page))
	assert.Equal(t, "high at one", page[0].Message.GetConversation())
	assert.Equal(t, sent.ID, page[0].MessageID)
	_, err = b.GetNewsletterMessages(within(t), nowhere, nil)
	require.ErrorIs(t, err, whatsmeow.ErrIQNotFound)

	_, err = a.SendMessage(within(t), ch, a.BuildRevoke(ch, types.EmptyJID, sent.ID))
	require.NoError(t, err)
	gone := want(b, func(m *events.Message) bool { return m.Info.Edit == types.EditAttributeAdminRevoke })
	assert.Equal(t, sent.ID, gone.Info.ID)
	assert.Empty(t, gone.Message.GetConversation())
	require.NoError(t, anna.DeleteInChannel(within(t), ch, 101))
	require.ErrorIs(t, anna.DeleteInChannel(within(t), ch, 101), wasim.ErrNotFound)
	page, err = b.GetNewsletterMessages(within(t), ch, nil)
	require.NoError(t, err)
	assert.Equal(t, []int{102, 103, 104}, serverIDs(page))
	truth, _ := srv.Channel(ch)
	require.Len(t, truth.Messages, 5)
	assert.True(t, truth.Messages[0].Deleted)
	assert.Equal(t, "wave ", truth.Messages[2].Text)
}

func TestChannelViewsAndReactions(t *testing.T) {
	t.Parallel()
	srv := newServer(t, func(o *wasim.Options) { o.LiveUpdateLife = time.Minute })
	anna, bert, cleo := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert"), addPhone(t, srv, "491700000003", "Cleo")
	a, b := pair(t, srv, anna), pair(t, srv, bert)
	ch, err := anna.CreateChannel(within(t), "Tides", "", nil)
	require.NoError(t, err)
	post, err := anna.PostText(within(t), ch, "spring tide")
	require.NoError(t, err)
	id := post.ServerID

	life, err := a.NewsletterSubscribeLiveUpdates(within(t), ch)
	require.NoError(t, err)
	assert.Equal(t, time.Minute, life)
	require.NoError(t, b.NewsletterMarkViewed(within(t), ch, []types.MessageServerID{id, 999}))
	update := want[*events.NewsletterLiveUpdate](a, nil)
	assert.Equal(t, ch, update.JID)
	require.Len(t, update.Messages, 1)
	assert.Equal(t, 1, update.Messages[0].ViewsCount)
	assert.Equal(t, id, update.Messages[0].MessageServerID)
	assert.Nil(t, update.Messages[0].Message)
	truth, _ := srv.Channel(ch)
	assert.Equal(t, 1, truth.Messages[0].Views)

	require.ErrorIs(t, cleo.ReactInChannel(within(t), ch, id, "🌊"), wasim.ErrForbidden, "guests only look")
	require.NoError(t, bert.FollowChannel(within(t), ch))
	require.NoError(t, cleo.FollowChannel(within(t), ch))
	require.NoError(t, b.NewsletterSendReaction(within(t), ch, id, "🌊", ""))
	require.NoError(t, cleo.ReactInChannel(within(t), ch, id, "🌊"))
	require.ErrorIs(t, cleo.ReactInChannel(within(t), ch, 999, "🌊"), wasim.ErrNotFound)
	_, err = srv.WaitChannel(within(t), ch, func(c wasim.ChannelInfo) bool { return c.Messages[0].Reactions["🌊"] == 2 })
	require.NoError(t, err)
	want(a, func(u *events.NewsletterLiveUpdate) bool { return u.Messages[0].ReactionCounts["🌊"] == 2 })
	require.NoError(t, b.NewsletterSendReaction(within(t), ch, id, "", ""))
	_, err = srv.WaitChannel(within(t), ch, func(c wasim.ChannelInfo) bool { return c.Messages[0].Reactions["🌊"] == 1 })
	require.NoError(t, err)

	updates, err := b.GetNewsletterMessageUpdates(within(t), ch, &whatsmeow.GetNewsletterUpdatesParams{Count: 5, After: id - 1})
	require.NoError(t, err)
	require.Len(t, updates, 1)
	assert.Equal(t, map[string]int{"🌊": 1}, updates[0].ReactionCounts)
	assert.Equal(t, 1, updates[0].ViewsCount)
	updates, err = b.GetNewsletterMessageUpdates(within(t), ch, &whatsmeow.GetNewsletterUpdatesParams{Since: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	assert.Empty(t, updates)
	assert.Zero(t, count[*events.NewsletterLiveUpdate](b, nil), "nobody asked for it")
}

// Files in channels are not encrypted, and a companion names their upload.
func TestChannelMedia(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	a, b := pair(t, srv, anna), pair(t, srv, bert)
	ch, err := anna.CreateChannel(within(t), "Tides", "", nil)
	require.NoError(t, err)
	require.NoError(t, bert.FollowChannel(within(t), ch))
	file, err := a.UploadNewsletter(within(t), []byte("jpeg"), whatsmeow.MediaImage)
	require.NoError(t, err)
	picture := &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
		Caption: proto.String("waves"), Mimetype: proto.String("image/jpeg"), URL: &file.URL, DirectPath: &file.DirectPath,
		FileSHA256: file.FileSHA256, FileLength: &file.FileLength,
	}}
	_, err = a.SendMessage(within(t), ch, picture)
	require.ErrorContains(t, err, "400", "without the handle")
	_, err = a.SendMessage(within(t), ch, picture, whatsmeow.SendRequestExtra{MediaHandle: "0123456789abcdef"})
	require.ErrorContains(t, err, "400", "with another one")
	posted, err := a.SendMessage(within(t), ch, picture, whatsmeow.SendRequestExtra{MediaHandle: file.Handle})
	require.NoError(t, err)
	_, err = anna.PostMedia(within(t), ch, wasim.Media{Kind: wasim.MediaImage, Data: []byte("png"), Caption: "foam"})
	require.NoError(t, err)
	for caption, content := range map[string]string{"waves": "jpeg", "foam": "png"} {
		got := want(b, func(m *events.Message) bool { return m.Message.GetImageMessage().GetCaption() == caption })
		assert.Equal(t, "image", got.Info.MediaType)
		data, err := b.Download(within(t), got.Message.GetImageMessage())
		require.NoError(t, err)
		assert.Equal(t, content, string(data))
	}
	_, err = anna.PostMedia(within(t), ch, wasim.Media{Kind: "song", Data: []byte("x")})
	require.ErrorIs(t, err, wasim.ErrBadRequest)

	// Another caption needs no handle, another file does.
	calm := proto.Clone(picture).(*waE2E.Message)
	calm.ImageMessage.Caption = proto.String("calm")
	_, err = a.SendMessage(within(t), ch, a.BuildEdit(ch, posted.ID, calm))
	require.NoError(t, err)
	edited := want(b, func(m *events.Message) bool { return m.Message.GetImageMessage().GetCaption() == "calm" })
	assert.Equal(t, []any{posted.ID, types.EditAttributeAdminEdit}, []any{edited.Info.ID, edited.Info.Edit})
	calm.ImageMessage.DirectPath = proto.String("/blob/elsewhere?ccb=1")
	_, err = a.SendMessage(within(t), ch, a.BuildEdit(ch, posted.ID, calm))
	require.ErrorContains(t, err, "400")

	// What is uploaded for other chats is not for channels.
	sealed, err := a.Upload(within(t), []byte("jpeg"), whatsmeow.MediaImage)
	require.NoError(t, err)
	picture.ImageMessage.DirectPath = &sealed.DirectPath
	_, err = a.SendMessage(within(t), ch, picture, whatsmeow.SendRequestExtra{MediaHandle: sealed.Handle})
	require.ErrorContains(t, err, "400")
	// Nor does whatsmeow say of polls and of round videos what WhatsApp wants to hear.
	_, err = a.SendMessage(within(t), ch, a.BuildPollCreation("Tide?", []string{"high", "low"}, 1))
	require.ErrorContains(t, err, "479")
	_, err = a.SendMessage(within(t), ch, &waE2E.Message{PtvMessage: &waE2E.VideoMessage{DirectPath: &file.DirectPath}},
		whatsmeow.SendRequestExtra{MediaHandle: file.Handle})
	require.ErrorContains(t, err, "479")
	info, _ := srv.Channel(ch)
	assert.Len(t, info.Messages, 2)
}

// A post waits for a follower's companion that is offline.
func TestChannelBacklog(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	b := pair(t, srv, bert)
	ch, err := anna.CreateChannel(within(t), "Tides", "", nil)
	require.NoError(t, err)
	require.NoError(t, bert.FollowChannel(within(t), ch))
	want[*events.NewsletterJoin](b, nil)
	b.Disconnect()
	_, err = anna.PostText(within(t), ch, "while you slept")
	require.NoError(t, err)
	require.NoError(t, b.Connect())
	want(b, saying("while you slept"))
	require.Eventually(t, func() bool { return bert.Devices()[0].Pending == 0 }, patience, 10*time.Millisecond, "acknowledged")
}

func serverIDs(messages []*types.NewsletterMessage) []int {
	ids := make([]int, len(messages))
	for i, m := range messages {
		ids[i] = m.MessageServerID
	}
	return ids
}
