package eventlog

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// A tail keeps the newest events of an organization in memory, bounded by
// number and by bytes, so that the readers at the end cost one reading of the
// log, however many they are. Who is behind reads the log.
const (
	tailEvents = 512
	tailBytes  = 1 << 20
)

// handful is how many events a reader takes from the tail at once.
const handful = 64

// idle is how long a tail waits for a signal before it looks by itself: signals
// of other processes come over the network and may be lost.
const (
	idleExternal = 2 * time.Second
	idleEmbedded = time.Minute
)

// checkInterval is the least time between two looks whether the stream is still the
// same.
const checkInterval = time.Second

// tail belongs to its Log, which starts run with the first reader and cancels it
// with the last.
type tail struct {
	log          *Log
	organization string
	cancel       context.CancelFunc
	readers      int           // guarded by Log.mu
	wake         chan struct{} // holds one token: there may be more
	suspect      atomic.Bool   // the stream may be another one

	mu     sync.Mutex
	window []Event // without a gap; the last stands at end
	bytes  int
	end    Position      // up to here the log is known
	moved  chan struct{} // closed and replaced when end moves
	made   int64         // which stream it is: Info.made; 0 none yet
	gone   bool          // another stream has taken its place
}

// follow gives the organization's tail, made with the first reader. Every follow
// is answered by one leave.
func (l *Log) follow(organization string, info Info) (*tail, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.life.Err() != nil {
		return nil, Down(context.Cause(l.life))
	}
	t := l.tails[organization]
	if t == nil {
		ctx, cancel := context.WithCancel(l.life)
		t = &tail{
			log: l, organization: organization, cancel: cancel,
			wake: make(chan struct{}, 1), moved: make(chan struct{}), end: info.Last, made: info.made,
		}
		stop, err := l.listen(t)
		if err != nil {
			cancel()
			return nil, err
		}
		l.tails[organization] = t
		l.running.Go(func() {
			defer stop()
			t.run(ctx)
		})
	}
	t.readers++
	return t, nil
}

func (t *tail) leave() {
	t.log.mu.Lock()
	defer t.log.mu.Unlock()
	if t.readers--; t.readers > 0 {
		return
	}
	t.cancel()
	if t.log.tails[t.organization] == t {
		delete(t.log.tails, t.organization)
	}
}

func (t *tail) poke() {
	select {
	case t.wake <- struct{}{}:
	default: // already awake
	}
}

func (t *tail) run(ctx context.Context) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 20*time.Millisecond, 2*time.Second
	idle := idleEmbedded
	if t.log.embedded == nil {
		idle = idleExternal
	}
	timer := time.NewTimer(idle)
	defer timer.Stop()
	var checked time.Time
	for {
		if t.suspect.Swap(false) {
			if !t.check(ctx) {
				return
			}
			checked = time.Now()
		}
		events, more, err := t.log.page(ctx, t.organization, t.end, pageEvents)
		if len(events) > 0 {
			t.push(events)
		}
		pause := idle
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			pause = wait.NextBackOff()
		case more:
			continue
		default:
			wait.Reset()
		}
		timer.Reset(pause)
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
			// Told of something new that is not there?
			t.suspect.Store(t.suspect.Load() || err == nil && len(events) == 0 && time.Since(checked) >= checkInterval)
		case <-timer.C:
			t.suspect.Store(t.suspect.Load() || err == nil)
		}
	}
}

// check reports whether the log is the one that the tail has read, and reaches to
// where it has.
func (t *tail) check(ctx context.Context) bool {
	info, err := t.log.Info(ctx, t.organization)
	if err != nil {
		t.suspect.Store(true)
		return true
	}
	if info.Last < t.end {
		t.expire()
	} else if info.made != 0 {
		t.standsOn(info.made)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.gone
}

// standsOn tells which stream there is now. If it is another one than before, the
// tail is over: its positions mean nothing there.
func (t *tail) standsOn(made int64) {
	t.mu.Lock()
	same := t.made == 0 || t.made == made
	if same {
		t.made = made
	}
	t.mu.Unlock()
	if !same {
		t.expire()
	}
}

// expire ends the tail, and its readers.
func (t *tail) expire() {
	t.log.mu.Lock()
	if t.log.tails[t.organization] == t {
		delete(t.log.tails, t.organization)
	}
	t.log.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.gone {
		t.gone = true
		close(t.moved)
	}
	t.cancel()
}

func (t *tail) push(events []Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone {
		return
	}
	for _, event := range events {
		if event.Seq != t.end+1 { // retention overtook the tail: who waits for these finds out by reading the log
			clear(t.window)
			t.window, t.bytes = nil, 0
		}
		t.window = append(t.window, event)
		t.bytes += len(event.stored)
		t.end = event.Seq
	}
	drop := 0
	for len(t.window)-drop > 1 && (len(t.window)-drop > tailEvents || t.bytes > tailBytes) {
		t.bytes -= len(t.window[drop].stored)
		drop++
	}
	clear(t.window[:drop])
	t.window = t.window[drop:]
	close(t.moved)
	t.moved = make(chan struct{})
}

// view is what a tail knows after a position.
type view struct {
	events []Event         // some that follow
	moved  <-chan struct{} // closed when there may be more; set when there are none yet
	gone   bool
}

// after looks at what follows a position. The zero view says that the reader is
// too far behind and has to read the log.
func (t *tail) after(at Position, into []Event) view {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone {
		return view{gone: true}
	}
	if at >= t.end {
		return view{moved: t.moved}
	}
	behind := int(min(t.end-at, tailEvents+1))
	if behind > len(t.window) {
		return view{}
	}
	return view{events: append(into[:0], t.window[len(t.window)-behind:][:min(behind, handful)]...)}
}

// find gives the position of an event by its id, if the tail still has it.
func (t *tail) find(id string) (Position, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, event := range slices.Backward(t.window) {
		if event.ID == id {
			return event.Seq, true
		}
	}
	return 0, false
}
