package wasim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/gcmutil"
	"go.mau.fi/whatsmeow/util/hkdfutil"
	"google.golang.org/protobuf/proto"
)

// Poll is a question to send.
type Poll struct {
	Name       string
	Options    []string
	Selectable int // how many options one may choose; 0 means any number
}

// PollTally is what the votes for a poll add up to.
type PollTally struct {
	Name       string
	Options    []string
	Selectable int
	// Votes are the voters' LIDs by the option's name, each sorted. An option
	// that nobody chose has no entry.
	Votes map[string][]types.JID
}

// The uses of a message's secret, which go into the keys.
const (
	secretPollVote = "Poll Vote"
	secretReaction = "Enc Reaction"
)

var errVote = errors.New("vote cannot be read")

// SendPoll sends a poll. With one selectable option it has the form that phones
// have used for those since 2023.
func (p *Phone) SendPoll(ctx context.Context, to types.JID, poll Poll, options ...SendOption) (string, error) {
	if len(poll.Options) == 0 || poll.Selectable < 0 || poll.Selectable > len(poll.Options) {
		return "", fmt.Errorf("%w: a poll of %d options with %d selectable", ErrBadRequest, len(poll.Options), poll.Selectable)
	}
	creation := &waE2E.PollCreationMessage{
		Name: proto.String(poll.Name), SelectableOptionsCount: proto.Uint32(uint32(poll.Selectable)),
	}
	for _, name := range poll.Options {
		creation.Options = append(creation.Options, &waE2E.PollCreationMessage_Option{OptionName: proto.String(name)})
	}
	message := &waE2E.Message{MessageContextInfo: &waE2E.MessageContextInfo{MessageSecret: randomBytes(32)}}
	if poll.Selectable == 1 {
		message.PollCreationMessageV3 = creation
	} else {
		message.PollCreationMessage = creation
	}
	return p.Send(ctx, to, message, options...)
}

// Vote chooses options of a poll by their names; the choice replaces the
// account's earlier one, and without options takes it back.
func (p *Phone) Vote(ctx context.Context, chat types.JID, pollID string, chosen ...string) (string, error) {
	target, ok := p.find(chat, pollID)
	if !ok {
		return "", ErrNoMessage
	}
	poll, secret := pollOf(target.Message), target.Message.GetMessageContextInfo().GetMessageSecret()
	if poll == nil || secret == nil {
		return "", fmt.Errorf("%w: it is no poll", ErrWrongKind)
	}
	vote := &waE2E.PollVoteMessage{}
	names := optionNames(poll)
	for _, name := range chosen {
		if !slices.Contains(names, name) {
			return "", fmt.Errorf("%w: the poll has no option %q", ErrBadRequest, name)
		}
		vote.SelectedOptions = append(vote.SelectedOptions, optionHash(name))
	}
	plain, err := proto.Marshal(vote)
	if err != nil {
		return "", fmt.Errorf("marshalling vote: %w", err)
	}
	author, voter := p.nameIn(target.Chat, target.Sender), p.nameIn(target.Chat, p.lid)
	key, bound := secretKey(secret, secretPollVote, pollID, author, voter)
	iv := randomBytes(12)
	sealed, err := gcmutil.Encrypt(key, iv, plain, bound)
	if err != nil {
		return "", fmt.Errorf("encrypting vote: %w", err)
	}
	return p.Send(ctx, target.Chat, &waE2E.Message{PollUpdateMessage: &waE2E.PollUpdateMessage{
		PollCreationMessageKey: p.keyOf(target), Vote: &waE2E.PollEncValue{EncPayload: sealed, EncIV: iv},
		SenderTimestampMS: proto.Int64(p.srv.now().UnixMilli()),
	}})
}

// PollTally counts the votes for a poll as this phone can decrypt them: of each
// account the last one.
func (p *Phone) PollTally(chat types.JID, pollID string) (PollTally, error) {
	target, ok := p.find(chat, pollID)
	if !ok {
		return PollTally{}, ErrNoMessage
	}
	poll := pollOf(target.Message)
	if poll == nil {
		return PollTally{}, fmt.Errorf("%w: it is no poll", ErrWrongKind)
	}
	tally := PollTally{Name: poll.GetName(), Options: optionNames(poll), Selectable: int(poll.GetSelectableOptionsCount()), Votes: map[string][]types.JID{}}
	last := map[types.JID][]string{}
	for _, m := range p.Messages() {
		update := content(m.Message).GetPollUpdateMessage()
		if m.Chat != target.Chat || update.GetPollCreationMessageKey().GetID() != pollID {
			continue
		}
		chosen, err := p.openVote(target, m, update.GetVote())
		if err != nil {
			return PollTally{}, fmt.Errorf("vote %s: %w", m.ID, err)
		}
		last[m.Sender.ToNonAD()] = chosen
	}
	for voter, chosen := range last {
		for _, name := range chosen {
			tally.Votes[name] = append(tally.Votes[name], voter)
		}
	}
	for _, voters := range tally.Votes {
		slices.SortFunc(voters, func(a, b types.JID) int { return strings.Compare(a.User, b.User) })
	}
	return tally, nil
}

// WaitPollTally waits until the tally of a poll matches.
func (p *Phone) WaitPollTally(ctx context.Context, chat types.JID, pollID string, match func(PollTally) bool) (tally PollTally, err error) {
	waitErr := p.messages.until(ctx, func() bool {
		tally, err = p.PollTally(chat, pollID)
		return err == nil && match(tally)
	})
	if waitErr != nil {
		return tally, errors.Join(waitErr, err)
	}
	return tally, nil
}

// openVote decrypts a vote for a poll.
func (p *Phone) openVote(poll, vote PhoneMessage, sealed *waE2E.PollEncValue) ([]string, error) {
	plain, ok := p.openSecret(poll, vote, secretPollVote, sealed.GetEncIV(), sealed.GetEncPayload())
	if !ok {
		return nil, errVote
	}
	var opened waE2E.PollVoteMessage
	if err := proto.Unmarshal(plain, &opened); err != nil {
		return nil, fmt.Errorf("reading vote: %w", err)
	}
	return namesOf(pollOf(poll.Message), opened.GetSelectedOptions())
}

// openSecret decrypts what somebody encrypted about a message with the
// message's secret; false if it cannot be read. The keys depend on the addresses
// that the actor used for itself and for the author, which may be of either sort.
func (p *Phone) openSecret(about, act PhoneMessage, use string, iv, sealed []byte) ([]byte, bool) {
	author, actor := p.srv.phoneOf(about.Sender), p.srv.phoneOf(act.Sender)
	secret := about.Message.GetMessageContextInfo().GetMessageSecret()
	if author == nil || actor == nil || secret == nil || len(iv) != 12 {
		return nil, false
	}
	for _, authorName := range []types.JID{author.lid, author.JID()} {
		for _, actorName := range []types.JID{actor.lid, actor.JID()} {
			key, bound := secretKey(secret, use, about.ID, authorName, actorName)
			if use == secretReaction {
				bound = nil
			}
			if plain, err := gcmutil.Decrypt(key, iv, sealed, bound); err == nil {
				return plain, true
			}
		}
	}
	return nil, false
}

// reaction gives the emoji of a reaction, also of one that is encrypted with the
// secret of the message it is about; false if it cannot be read.
func (p *Phone) reaction(about, act PhoneMessage) (emoji string, ok bool) {
	inner := act.Content()
	sealed := inner.GetEncReactionMessage()
	if sealed == nil {
		return inner.GetReactionMessage().GetText(), true
	}
	plain, ok := p.openSecret(about, act, secretReaction, sealed.GetEncIV(), sealed.GetEncPayload())
	var opened waE2E.ReactionMessage
	if !ok || proto.Unmarshal(plain, &opened) != nil {
		return "", false
	}
	return opened.GetText(), true
}

// secretKey derives the key for something about a message from the message's
// secret, and the data that its encryption is bound to.
func secretKey(secret []byte, use, id string, author, actor types.JID) (key, bound []byte) {
	info := id + author.ToNonAD().String() + actor.ToNonAD().String() + use
	return hkdfutil.SHA256(secret, nil, []byte(info), 32), []byte(id + "\x00" + actor.ToNonAD().String())
}

func optionHash(name string) []byte { return sum256([]byte(name)) }

func optionNames(poll *waE2E.PollCreationMessage) []string {
	names := make([]string, len(poll.GetOptions()))
	for i, option := range poll.GetOptions() {
		names[i] = option.GetOptionName()
	}
	return names
}

// namesOf finds the options behind the hashes in a vote.
func namesOf(poll *waE2E.PollCreationMessage, hashes [][]byte) ([]string, error) {
	names := make([]string, 0, len(hashes))
	for _, hash := range hashes {
		options := optionNames(poll)
		i := slices.IndexFunc(options, func(name string) bool { return string(optionHash(name)) == string(hash) })
		if i < 0 {
			return nil, fmt.Errorf("%w: it is for an option that the poll does not have", errVote)
		}
		names = append(names, options[i])
	}
	return names, nil
}
