package remote

import (
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// maxIdle is how long a connection is kept unused. Relays close theirs
	// after 30 s to 5 min; the sooner we do, the fewer mails meet a dead one.
	maxIdle = 30 * time.Second
	// maxUses is for relays that count mails per connection.
	maxUses = 100
)

// take gives the session used last, so that the others age and are closed; nil
// if there is none.
func (r *Relay) take() (*session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errors.New("closed, the program is stopping")
	}
	if len(r.idle) == 0 {
		return nil, nil
	}
	s := r.idle[len(r.idle)-1]
	r.idle = r.idle[:len(r.idle)-1]
	s.timer.Stop()
	return s, nil
}

// give takes a session back, or ends it.
func (r *Relay) give(s *session) {
	if s.broken {
		s.abort()
		return
	}
	if s.uses >= maxUses || !r.keep(s) {
		s.quit()
	}
}

func (r *Relay) keep(s *session) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.idle = append(r.idle, s)
	s.timer = time.AfterFunc(maxIdle, func() { r.expire(s) })
	return true
}

func (r *Relay) expire(s *session) {
	r.mu.Lock()
	i := slices.Index(r.idle, s)
	if i >= 0 { // else it was taken this very moment
		r.idle = slices.Delete(r.idle, i, i+1)
	}
	r.mu.Unlock()
	if i >= 0 {
		s.quit()
	}
}

// Close ends all idle connections politely. Those in use end with their mail;
// later calls of Send fail. It never gives an error.
func (r *Relay) Close() error {
	r.mu.Lock()
	idle := r.idle
	r.idle, r.closed = nil, true
	r.mu.Unlock()
	var wg sync.WaitGroup
	for _, s := range idle {
		s.timer.Stop()
		wg.Go(s.quit)
	}
	wg.Wait()
	return nil
}
