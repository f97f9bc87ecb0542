package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
)

// connected reads all groups, the names of people and the channels, and then
// fetches single groups as they are wanted, until ctx, the session's, ends. It runs in a
// goroutine of its own for each Connected; only the first of a session stays.
//
// What waited for the session comes first: behind the listing, which knows it all,
// it would be told of another time.
func (s *Service) connected(ctx context.Context, x *session, l *link) {
	l.caughtUp.wait(ctx, offlineTime)
	if l.refuses.Load() {
		return // the next connection gets the rest of it
	}
	x.groups.want(wanted{everything: true})
	x.groups.want(wanted{channels: true})
	if !x.groups.enter(ctx.Done()) {
		return
	}
	pause := s.fetchBackOff()
	tries := make(map[wanted]int)
	for {
		w, err := x.groups.next(ctx)
		if err != nil {
			return
		}
		err = s.fetch(ctx, x, w)
		tries[w]++
		switch {
		case err == nil:
			pause.Reset()
			delete(tries, w)
			continue
		case ctx.Err() != nil:
			return
		case offline(err):
			// The next Connected asks for everything.
			x.log.DebugContext(ctx, "reading groups ends with the connection", "error", err)
			continue
		case !w.everything && tries[w] >= maxFetchTries:
			x.log.ErrorContext(ctx, "a group or the channels cannot be read, giving up until the next connect", "error", err)
			delete(tries, w)
			continue
		}
		x.log.WarnContext(ctx, "reading groups failed, trying again", "error", err)
		x.groups.want(w)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause.NextBackOff()):
		}
	}
}

func (s *Service) fetch(ctx context.Context, x *session, w wanted) error {
	switch {
	case w.everything:
		return s.syncEverything(ctx, x)
	case w.channels:
		return s.syncChannels(ctx, x)
	case w.names:
		_, err := s.syncNames(ctx, x)
		return err
	default:
		return s.fetchWanted(ctx, x, w.group)
	}
}

// fetchBackOff spaces repeated questions, so that a 429 is not answered with more.
func (s *Service) fetchBackOff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = s.cfg.Timing.fetchRetry()
	b.MaxInterval = 128 * b.InitialInterval
	b.Multiplier = 2
	return b
}

// offline reports whether a question failed because the connection is not there.
func offline(err error) bool {
	f := fault.From(err)
	return f.Reason() == fault.ReasonNotConnected || f.Reason() == fault.ReasonOutcomeUnknown
}

// fetchWanted fetches one group. That the account is not in it is an answer.
func (s *Service) fetchWanted(ctx context.Context, x *session, jid types.JID) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if _, err := s.refreshGroup(ctx, x, jid); err != nil && !notIn(err) {
		return fmt.Errorf("fetching a group: %w", err)
	}
	return nil
}

// syncEverything makes the stored groups those that WhatsApp lists, and stores
// the names that the client knows. A group that fails does not hold up others.
func (s *Service) syncEverything(ctx context.Context, x *session) error {
	return s.syncCounting(ctx, x, func(models.BackfillCounts) error { return nil })
}

// syncCounting is syncEverything that tells of each step how much is stored by then.
func (s *Service) syncCounting(ctx context.Context, x *session, reached func(models.BackfillCounts) error) error {
	if err := s.fullSyncs.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.fullSyncs.Release(1)
	if err := s.syncOwnIdentity(ctx, x); err != nil {
		return err
	}
	counts, err := s.syncGroups(ctx, x)
	if err != nil {
		return err
	}
	if err := reached(counts); err != nil {
		return err
	}
	if counts.Contacts, err = s.syncNames(ctx, x); err != nil {
		return err
	}
	return reached(counts)
}

// syncGroups stores what WhatsApp lists, and counts groups and members.
func (s *Service) syncGroups(ctx context.Context, x *session) (counts models.BackfillCounts, err error) {
	mark := x.groups.mark()
	asking, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	groups, err := ask(asking, x, nil, func(ctx context.Context, cli *whatsmeow.Client) ([]*types.GroupInfo, error) {
		return cli.GetJoinedGroups(ctx)
	})
	if err != nil {
		return counts, fmt.Errorf("listing groups: %w", err)
	}
	var failures []error
	listed := make(map[types.JID]bool, len(groups))
	for _, info := range groups {
		listed[info.JID] = true
		counts.Groups++
		counts.GroupMembers += len(info.Participants)
		_, adopted, err := s.adopt(ctx, x, info, mark)
		if err != nil {
			failures = append(failures, fmt.Errorf("storing a group: %w", err))
		} else if !adopted {
			x.groups.want(wanted{group: info.JID})
		}
	}
	if err := s.retainListed(ctx, x, listed, mark); err != nil {
		failures = append(failures, err)
	}
	x.log.InfoContext(ctx, "groups read", "groups", len(groups), "failures", len(failures))
	return counts, errors.Join(failures...)
}

// retainListed marks as left what WhatsApp did not list. A group that changed
// while the list was fetched may be younger than the list: it is looked at alone.
func (s *Service) retainListed(ctx context.Context, x *session, listed map[types.JID]bool, mark uint64) error {
	retained := make([]string, 0, len(listed))
	for jid := range listed {
		retained = append(retained, jid.String())
	}
	var left []string
	err := x.groups.retain(mark, func(changed []types.JID) (err error) {
		for _, jid := range changed {
			if !listed[jid] {
				retained = append(retained, jid.String())
				x.groups.want(wanted{group: jid})
			}
		}
		left, err = s.db.Groups.RetainOnly(ctx, x.id, retained)
		return err
	})
	s.changes.notify(err)
	if err != nil {
		return fmt.Errorf("marking groups as left: %w", err)
	}
	if len(left) == 0 {
		return nil
	}
	x.log.InfoContext(ctx, "no longer in groups", "groups", len(left))
	return nil
}
