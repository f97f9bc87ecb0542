package eventlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
	"golang.org/x/sync/errgroup"
)

// One batch is written with one sync of the disk, all of it or nothing. The
// server takes up to 1000 events; bytes bound what it holds on the way.
// Opening a batch costs about ten syncs, so that fewer events go one by one.
const (
	batchEvents = 256
	batchBytes  = 8 << 20
	batchWorth  = 10
)

// appenders is how many organizations are written at the same time, each to
// files of its own.
const appenders = 8

// Headers of an atomic batch (NATS 2.12).
const (
	headerBatch  = "Nats-Batch-Id"
	headerNumber = "Nats-Batch-Sequence"
	headerCommit = "Nats-Batch-Commit"
)

// errMoved says that the log does not end where the writer thought: somebody
// else wrote meanwhile, or an answer was lost.
var errMoved = errors.New("the log has moved on")

// Append puts events at the end of their organizations' logs, each
// organization's in the order given, and returns when all are on the disk. An
// event whose id was appended within the last ten minutes is dropped. An event
// that can never be logged fails with [ErrUnloggable], and nothing is written.
// An organization's events stop at the first that fails, which may be in the log
// all the same: append that and the rest again.
func (l *Log) Append(ctx context.Context, events []Event) error {
	var (
		order    []string
		messages = map[string][]*nats.Msg{}
	)
	for _, event := range events {
		msg, err := event.message()
		if err != nil {
			return err
		}
		if messages[event.Organization] == nil {
			order = append(order, event.Organization)
		}
		messages[event.Organization] = append(messages[event.Organization], msg)
	}
	var group errgroup.Group
	group.SetLimit(appenders)
	for _, organization := range order {
		group.Go(func() error {
			_, err := l.put(ctx, organization, messages[organization], nil)
			return err
		})
	}
	return group.Wait()
}

// put writes one organization's messages in their order and tells how many are
// in the log for certain. With end it writes only if the log ends there, else it
// fails with errMoved; end moves along.
//
// A batch that is refused is repeated message by message, which finds the one to
// blame. Two batches are never on the way together: the later one could be
// stored although the earlier was not.
func (l *Log) put(ctx context.Context, organization string, messages []*nats.Msg, end *Position) (done int, err error) {
	if len(messages) == 0 {
		return 0, nil
	}
	defer func() { l.mend(ctx, err) }()
	atomic, err := l.ensure(ctx, organization)
	if err != nil {
		return 0, err
	}
	defer l.announce(organization)
	for done < len(messages) {
		batch := messages[done : done+batchLength(messages[done:])]
		together := atomic && len(batch) >= batchWorth
		if together {
			err = l.putBatch(ctx, organization, batch, end)
		}
		_, refused := errors.AsType[*jetstream.APIError](err)
		if !together || (refused || errors.Is(err, ErrUnloggable)) && !errors.Is(err, errMoved) {
			for i, msg := range batch {
				if err = l.putOne(ctx, organization, msg, end); err != nil {
					return done + i, err
				}
			}
		}
		if err != nil {
			return done, err
		}
		done += len(batch)
	}
	return done, nil
}

// mend restarts an embedded log that does not answer a writer.
func (l *Log) mend(ctx context.Context, err error) {
	if err != nil && l.embedded != nil && ctx.Err() == nil && l.life.Err() == nil {
		l.embedded.heal(errors.Is(err, context.DeadlineExceeded))
	}
}

func batchLength(messages []*nats.Msg) int {
	n, size := 0, 0
	for n < len(messages) && n < batchEvents && (n == 0 || size+len(messages[n].Data) <= batchBytes) {
		size += len(messages[n].Data)
		n++
	}
	return n
}

func (l *Log) putOne(ctx context.Context, organization string, msg *nats.Msg, end *Position) error {
	return l.publish(ctx, organization, msg, end, nil)
}

func (l *Log) putBatch(ctx context.Context, organization string, batch []*nats.Msg, end *Position) error {
	id := nuid.Next()
	for i, msg := range batch {
		extra := nats.Header{headerBatch: {id}, headerNumber: {strconv.Itoa(i + 1)}}
		if i == len(batch)-1 {
			extra[headerCommit] = []string{"1"}
			err := l.publish(ctx, organization, msg, nil, extra)
			if err == nil && end != nil {
				*end += Position(len(batch))
			}
			return err
		}
		if i == 0 && end != nil {
			extra[jetstream.ExpectedLastSeqHeader] = []string{strconv.FormatUint(uint64(*end), 10)}
		}
		if err := l.write.PublishMsg(dressed(msg, streamName(organization), extra)); err != nil {
			return l.failed(organization, msg, err)
		}
	}
	return nil
}

// publish sends one message and waits until it is on the disk.
func (l *Log) publish(ctx context.Context, organization string, msg *nats.Msg, end *Position, extra nats.Header) error {
	ctx, cancel := context.WithTimeout(ctx, longPatience)
	defer cancel()
	if end != nil {
		extra = nats.Header{jetstream.ExpectedLastSeqHeader: {strconv.FormatUint(uint64(*end), 10)}}
	}
	reply, err := l.write.RequestMsgWithContext(ctx, dressed(msg, streamName(organization), extra))
	if err != nil {
		return l.failed(organization, msg, err)
	}
	var ack struct {
		Error     *jetstream.APIError `json:"error"`
		Seq       Position            `json:"seq"`
		Duplicate bool                `json:"duplicate"`
	}
	if err = json.Unmarshal(reply.Data, &ack); err != nil || ack.Error == nil && ack.Seq == 0 {
		return l.failed(organization, msg, fmt.Errorf("reading the acknowledgement: %w", errors.Join(err, jetstream.ErrInvalidJSAck)))
	}
	if ack.Error != nil {
		return l.failed(organization, msg, ack.Error)
	}
	if end != nil && !ack.Duplicate {
		*end = ack.Seq
	}
	return nil
}

func dressed(msg *nats.Msg, stream string, extra nats.Header) *nats.Msg {
	header := maps.Clone(msg.Header)
	header[jetstream.ExpectedStreamHeader] = []string{stream}
	maps.Copy(header, extra)
	return &nats.Msg{Subject: msg.Subject, Header: header, Data: msg.Data}
}

// failed sorts an error of publishing: one that no repeat can cure, one that
// says that the log has moved, and all others, after which the stream is looked
// for anew.
func (l *Log) failed(organization string, msg *nats.Msg, cause error) error {
	err := fmt.Errorf("appending event %s: %w", msg.Header.Get(jetstream.MsgIDHeader), cause)
	answer, refused := errors.AsType[*jetstream.APIError](cause)
	switch {
	case errors.Is(cause, nats.ErrMaxPayload), refused && answer.ErrorCode == jetstream.JSErrCodeStreamMessageExceedsMaximum:
		return errors.Join(ErrUnloggable, err)
	case refused && (answer.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		answer.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant):
		return Down(errors.Join(errMoved, err))
	}
	l.forget(organization)
	return Down(err)
}
