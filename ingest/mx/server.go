// Package mx is the SMTP door: it takes mail from other mail servers, from our
// own people who sign in, or from an MTA in front of us; asks an ingest.Handler
// about each recipient and each mail, and answers as it says. It decides nothing
// about cases and keeps no mail of its own: what was not accepted leaves nothing
// behind.
//
// The protocol is go-smtp's, unmodified, behind a guard.Conn that gives it one
// command at a time (mail-traps A). Size and newlines are checked here, because
// go-smtp refuses a mail of exactly the announced size and passes bare newlines.
package mx

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"casegate/ingest"
	"casegate/ingest/guard"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// Server is the SMTP door. Set the fields, then call Serve for each listener.
type Server struct {
	Mode     Mode
	Hostname string // in greeting, Received and the address of the bare <Postmaster>
	Handler  ingest.Handler
	// Read fills Identity and Message from the raw bytes; ingest.Reader.Read.
	Read  func(context.Context, *mailer.Mail) error
	Blobs blob.Store
	Room  func() error // nil, or an error while a large mail should not go on coming in
	NewID func() mailer.ID
	Now   func() time.Time // nil: time.Now
	Log   *slog.Logger

	MaxSize       int64         // octets of a mail as it is sent; 0: 50 MiB
	MaxRecipients int           // of one mail; 0: 100 (RFC 5321 4.5.3.1.8)
	Idle          time.Duration // see guard.Guard, also for the next five
	Session       time.Duration
	Silence       time.Duration
	Connections   int
	PerPrefix     int
	NewPerMinute  int
	TLS           *tls.Config // nil: STARTTLS is not offered, and nobody can sign in
	ImplicitTLS   bool        // connections begin with a handshake (RFC 8314 3.3); needs TLS
	TLSReady      func() bool // false: there is no certificate yet, and STARTTLS is not offered; nil: always true

	// Exempt networks have no limits per client, beside the loopback and
	// FrontHops.
	Exempt []netip.Prefix
	// FrontHops are MTAs in front of us that speak SMTP. They would bounce what
	// they are refused, to a forged sender perhaps (design 2.5). Mode MX only.
	FrontHops []netip.Prefix
	// Auth tells whether a password is the user's; nil: nobody can sign in. It is
	// called by many sessions at once, bounds its own cost, and takes as long for
	// a user that does not exist as for another. Its error, which must not hold
	// the password, is logged, and the client told to come back. Mode Submission
	// only.
	Auth func(ctx context.Context, user, password string) (ok bool, err error)

	starting sync.Once
	guard    guard.Guard
	smtp     *smtp.Server
	ctx      context.Context // of the handler's calls: done when Shutdown gives up waiting
	cancel   context.CancelFunc

	mu       sync.Mutex
	draining bool
	serving  sync.WaitGroup
}

const (
	defaultMaxSize       = 50 << 20
	defaultMaxRecipients = 100
)

// start makes what several calls of Serve share.
func (s *Server) start() {
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if s.Now == nil {
		s.Now = time.Now
	}
	s.guard.Hostname = s.Hostname
	s.guard.Idle, s.guard.Session, s.guard.Connections = s.Idle, s.Session, s.Connections
	s.guard.Silence, s.guard.PerPrefix, s.guard.NewPerMinute = s.Silence, s.PerPrefix, s.NewPerMinute
	s.guard.TLS, s.guard.ImplicitTLS, s.guard.TLSReady = s.TLS, s.ImplicitTLS, s.TLSReady
	s.guard.Exempt = s.exempt()
	s.guard.Command, s.guard.Reply = s.command, s.reply

	s.smtp = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.smtp.Domain = s.Hostname
	s.smtp.MaxRecipients = s.maxRecipients()
	s.smtp.LMTP = s.Mode == LMTP
	s.smtp.EnableSMTPUTF8 = true
	// go-smtp sees no TLS, which is the guard's; the session looks for it.
	s.smtp.AllowInsecureAuth = s.Mode == Submission
	s.smtp.ErrorLog = protocolLog{s.Log}
	// The guard bounds command lines; a mail's lines may be of any length, as
	// they are never held in memory (mail-traps A7).
	s.smtp.MaxLineLength = 0
	// go-smtp has one deadline for the whole of DATA; the guard has one for
	// each read (mail-traps A4).
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = 0, 0
	// Announced by reply, enforced by the session.
	s.smtp.MaxMessageBytes = 0
}

// exempt gives the networks whose clients are not limited as if they were one
// sender each: those speak for many.
func (s *Server) exempt() []netip.Prefix {
	if s.Mode == LMTP {
		return []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	}
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	return slices.Concat(loopback, s.FrontHops, s.Exempt)
}

func (s *Server) maxSize() int64 {
	if s.MaxSize > 0 {
		return s.MaxSize
	}
	return defaultMaxSize
}

func (s *Server) maxRecipients() int {
	if s.MaxRecipients > 0 {
		return s.MaxRecipients
	}
	return defaultMaxRecipients
}

// Serve takes mail from l until Shutdown, and then returns nil. It closes l.
// Several listeners may be served at once.
func (s *Server) Serve(l net.Listener) error {
	s.starting.Do(s.start)
	s.mu.Lock()
	guarded, err := s.guard.Listen(l)
	if err == nil {
		s.serving.Add(1)
	}
	s.mu.Unlock()
	if err != nil {
		return nil // Shutdown came first
	}
	defer s.serving.Done()
	err = s.smtp.Serve(guarded)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		// The listener was closed under Serve: that is how it ends.
		return nil
	}
	l.Close()
	return err
}

// Shutdown stops accepting connections, ends idle sessions with 421, and waits
// for open transactions. When ctx is done first, it cuts what is left and
// returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.starting.Do(s.start)
	s.mu.Lock()
	s.draining = true
	s.guard.Drain()
	s.mu.Unlock()
	// go-smtp counts a connection when it has accepted it, which must not
	// happen while it waits for the count to fall.
	s.serving.Wait()

	err := s.smtp.Shutdown(ctx)
	s.cancel()
	if ctx.Err() != nil && err != nil {
		s.guard.Close()
		return ctx.Err()
	}
	// The listeners are closed already, and a second Shutdown is no error.
	return nil
}

// Stats counts the clients of this door. It may be called at any time.
func (s *Server) Stats() guard.Stats { return s.guard.Stats() }
