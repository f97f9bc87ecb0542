package eventlog_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/eventlog"
	"wagateway/models/fault"
)

func TestCloseEndsReadersAndLeavesNoGoroutines(t *testing.T) { // not parallel: it counts the process's goroutines
	for name, change := range map[string]func(*external) eventlog.Config{
		"embedded": func(*external) eventlog.Config { return eventlog.Config{Dir: t.TempDir()} },
		"external": func(x *external) eventlog.Config { x.start(); return eventlog.Config{URL: x.url()} },
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			x := newExternal(t)
			log, err := eventlog.Open(t.Context(), change(x))
			require.NoError(t, err)
			reader := subscribe(t, log, "org", 0)
			stopped := make(chan error, 1)
			go func() { _, err := reader.Next(t.Context()); stopped <- err }()
			require.NoError(t, log.Append(t.Context(), many("other", 300)))
			left := subscribe(t, log, "other", 0)
			_, err = left.Next(t.Context())
			require.NoError(t, err)
			left.Stop()
			if name == "external" {
				x.stop()
				x.start()
				require.Eventually(t, func() bool { return log.Append(t.Context(), many("other", 1)) == nil }, 10*time.Second, 10*time.Millisecond)
			}
			require.NoError(t, log.Close(t.Context()))
			refused(t, <-stopped, fault.Unavailable, fault.ReasonEventLog)
			require.NoError(t, log.Close(t.Context()))
			x.stop()
			// Eventually runs the condition in one goroutine more.
			require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, 10*time.Second, 20*time.Millisecond)
		})
	}
}

func TestReadersGoLiveWithTheFirstEvent(t *testing.T) {
	t.Parallel()
	x := newExternal(t)
	x.start()
	embedded := open(t, eventlog.Config{})
	for name, logs := range map[string][2]*eventlog.Log{
		"in this process":    {embedded, embedded},
		"in another process": {x.log(t), x.log(t)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reading, writing := logs[0], logs[1]
			reader := subscribe(t, reading, "org", 0)
			assert.Empty(t, all(t, reading, "org"))
			info, err := reading.Info(t.Context(), "org")
			require.NoError(t, err)
			assert.Zero(t, info)
			_, err = reading.Find(t.Context(), "org", event("org", "message").ID)
			refused(t, err, fault.Validation, fault.ReasonInvalidCursor)
			usage, err := reading.Usage(t.Context())
			require.NoError(t, err)
			assert.Zero(t, usage.Organizations, "reading makes no stream")

			events := many("org", 3)
			require.NoError(t, writing.Append(t.Context(), events))
			for i := range events {
				e, err := reader.Next(t.Context())
				require.NoError(t, err)
				assert.Equal(t, events[i].ID, e.ID)
			}
			usage, err = reading.Usage(t.Context())
			require.NoError(t, err)
			assert.Equal(t, 1, usage.Organizations)
			assert.Positive(t, usage.Bytes)
		})
	}
}

// TestUnannouncedEventsAreFound: the process that wrote them died before it told.
func TestUnannouncedEventsAreFound(t *testing.T) {
	t.Parallel()
	x := newExternal(t)
	x.start()
	log := x.log(t)
	require.NoError(t, log.Append(t.Context(), many("org", 1)))
	reader := subscribe(t, log, "org", 1)
	conn, err := nats.Connect(x.url())
	require.NoError(t, err)
	defer conn.Close()
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	for name := range js.StreamNames(t.Context()).Name() {
		stream, err := js.Stream(t.Context(), name)
		require.NoError(t, err)
		stored, err := stream.GetMsg(t.Context(), 1)
		require.NoError(t, err)
		again := &nats.Msg{Subject: stored.Subject, Header: stored.Header, Data: stored.Data}
		again.Header.Set(jetstream.MsgIDHeader, event("org", "message").ID)
		_, err = js.PublishMsg(t.Context(), again)
		require.NoError(t, err)
	}
	e, err := reader.Next(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 2, e.Seq)
}

func TestSlowReadersReadTheLog(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	fast, slow := subscribe(t, log, "org", 0), subscribe(t, log, "org", 0)
	events := many("org", 5000)
	for at := 0; at < len(events); at += 500 {
		require.NoError(t, log.Append(t.Context(), events[at:at+500]))
		for i := range 500 {
			e, err := fast.Next(t.Context())
			require.NoError(t, err)
			require.Equal(t, events[at+i].ID, e.ID)
		}
	}
	for i := range events {
		e, err := slow.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, events[i].ID, e.ID)
		require.EqualValues(t, i+1, slow.Position())
	}
}

func TestReadEventsAreTheBytesOfTheLog(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	written := event("org <&> ü", "message.status")
	written.Payload = []byte(`{ "text" : "<a & b>" , "list": [ 1, 2 ] }`)
	bytes, err := written.Envelope()
	require.NoError(t, err)
	require.NoError(t, log.Append(t.Context(), []eventlog.Event{written}))
	read := all(t, log, written.Organization)[0]
	again, err := read.Envelope()
	require.NoError(t, err)
	assert.Equal(t, string(bytes), string(again))
	assert.Contains(t, string(again), `"organization":"org <&> ü"`)
	assert.Equal(t, `{"text":"<a & b>","list":[1,2]}`, string(read.Payload))
	written.Payload, written.Seq = read.Payload, 1
	assert.EqualExportedValues(t, written, read)
}

func TestNextEndsWithItsContextAndStop(t *testing.T) {
	t.Parallel()
	log := open(t, eventlog.Config{})
	reader := subscribe(t, log, "org", 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := reader.Next(ctx)
	require.ErrorIs(t, err, context.Canceled)
	done := make(chan error, 1)
	go func() { _, err := reader.Next(t.Context()); done <- err }()
	reader.Stop()
	refused(t, <-done, fault.Unavailable, fault.ReasonEventLog)
	reader.Stop()
	_, err = log.Subscribe(t.Context(), eventlog.Filter{Organization: "org"}, 0)
	require.NoError(t, err, "others go on")
}

func TestExternalLogAndItsOutage(t *testing.T) {
	t.Parallel()
	x := newExternal(t)
	x.start()
	log := x.log(t)
	events := many("org", 3)
	require.NoError(t, log.Append(t.Context(), events))
	same(t, ids(events), ids(all(t, log, "org")))

	x.stop()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	refused(t, log.Append(ctx, many("org", 1)), fault.Unavailable, fault.ReasonEventLog)
	_, err := log.Find(ctx, "org", events[0].ID)
	refused(t, err, fault.Unavailable, fault.ReasonEventLog)
}

func TestReadersGoOnWhenTheLogComesBack(t *testing.T) {
	t.Parallel()
	x := newExternal(t)
	x.start()
	log := x.log(t)
	events := many("org", 2000)
	source := newOutbox(events[:500]...)
	run(t, source, log)
	var group sync.WaitGroup
	for range 20 {
		reader := subscribe(t, log, "org", 0)
		group.Go(func() {
			for i := range events {
				e, err := reader.Next(t.Context())
				if !assert.NoError(t, err) || !assert.Equal(t, events[i].ID, e.ID) {
					return
				}
			}
		})
	}
	for at := 500; at < len(events); at += 500 {
		<-source.empty
		x.stop()
		source.add(events[at : at+500]...)
		x.start()
	}
	group.Wait()
}

func TestCloseIsBoundedWhileTheLogIsAway(t *testing.T) {
	t.Parallel()
	x := newExternal(t)
	x.start()
	log, err := eventlog.Open(t.Context(), eventlog.Config{URL: x.url()})
	require.NoError(t, err)
	require.NoError(t, log.Append(t.Context(), many("org", 1)))
	readers := make(chan error, 10)
	for range cap(readers) {
		reader := subscribe(t, log, "org", 1)
		go func() { _, err := reader.Next(t.Context()); readers <- err }()
	}
	relay := make(chan error, 1)
	go func() { relay <- eventlog.NewRelay(newOutbox(many("org", 5)...), log).Run(context.Background()) }()
	x.stop()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	require.NoError(t, log.Close(ctx))
	for range cap(readers) {
		err := <-readers
		if err != nil { // else the relay was faster than the outage
			refused(t, err, fault.Unavailable, fault.ReasonEventLog)
		}
	}
	require.Error(t, <-relay)
	_, err = log.Subscribe(t.Context(), eventlog.Filter{Organization: "org"}, 0)
	refused(t, err, fault.Unavailable, fault.ReasonEventLog)
}
