package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"casegate/cases"
	"casegate/mailer"
)

// control answers the verbs of the command line. Each is one POST to the control
// socket with a JSON object, answered by JSON objects, one on each line: the
// very lines that --json prints.
type control struct {
	desk     *cases.Desk
	pipeline *pipeline
	keys     *mailer.Keyring
	status   func() statusAnswer
	log      *slog.Logger
}

// Requests, by what they name.
type (
	noRequest     struct{}
	numberRequest struct {
		Number  string         `json:"number"`
		Address mailer.Address `json:"address,omitzero"`
		Group   bool           `json:"group,omitempty"`
	}
	idRequest struct {
		ID       mailer.ID `json:"id"`
		Customer string    `json:"customer,omitempty"`
	}
	queueRequest struct {
		State mailer.DeliveryState `json:"state"`
		Limit int                  `json:"limit"`
	}
	heldRequest struct {
		Limit int `json:"limit"`
	}
	rotateRequest struct {
		Force bool `json:"force"`
	}
)

// Answers that are more than one of the values of casegate/cases.
type (
	caseAnswer struct {
		*cases.Case
		History []cases.Event `json:"history"`
	}
	shareAnswer struct {
		*cases.Case
		Added bool `json:"added"`
	}
	lineAnswer struct {
		Change string `json:"change"`
	}
	doorAt struct {
		Door    string `json:"door"` // "smtp", "submission", "submissions", "lmtp"
		Address string `json:"address"`
	}
	statusAnswer struct {
		Version string    `json:"version"`
		PID     int       `json:"pid"`
		Since   time.Time `json:"since"`
		Data    string    `json:"data"`
		SMTP    string    `json:"smtp"`
		Doors   []doorAt  `json:"doors"` // SMTP and the others
		Public  string    `json:"public"`
		Admin   string    `json:"admin"`
		Ready   string    `json:"ready"` // "yes", or why not
	}
)

// maxRequest bounds a request in octets; a directory of ten thousand customers
// has about two million.
const maxRequest = 64 << 20

// routes lists every verb the daemon answers.
func (c *control) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /status", answer(c, func(context.Context, noRequest) ([]statusAnswer, error) {
		return []statusAnswer{c.status()}, nil
	}))
	mux.Handle("POST /case/list", answer(c, c.desk.List))
	mux.Handle("POST /case/show", answer(c, c.caseShow))
	mux.Handle("POST /case/share", answer(c, c.caseShare))
	mux.Handle("POST /held/list", answer(c, c.heldList))
	mux.Handle("POST /held/release", answer(c, c.heldRelease))
	mux.Handle("POST /held/discard", answer(c, byID(c.desk.Discard)))
	mux.Handle("POST /block/list", answer(c, c.blockList))
	mux.Handle("POST /block/add", answer(c, c.blockAdd))
	mux.Handle("POST /block/remove", answer(c, c.blockRemove))
	mux.Handle("POST /mail/show", answer(c, byID(c.desk.Mail)))
	mux.HandleFunc("POST /mail/raw", c.mailRaw)
	mux.Handle("POST /queue/list", answer(c, c.queueList))
	mux.Handle("POST /queue/show", answer(c, byID(c.desk.Delivery)))
	mux.Handle("POST /queue/retry", answer(c, byID(c.desk.Retry)))
	mux.Handle("POST /queue/drop", answer(c, byID(c.desk.Drop)))
	mux.Handle("POST /key/rotate", answer(c, c.keyRotate))
	mux.HandleFunc("POST /explain", c.explain)
	mux.Handle("POST /directory/plan", answer(c, c.directory(c.desk.PlanDirectory)))
	mux.Handle("POST /directory/apply", answer(c, c.directory(c.applyDirectory)))
	// Profiles, for whoever owns the daemon:
	// curl --unix-socket casegate-data/control.sock http://casegate/debug/pprof/heap
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// answer makes a handler of a function from a request to the lines of an answer.
func answer[Request, Line any](c *control, f func(context.Context, Request) ([]Line, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request Request
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&request); err != nil {
			c.refuse(w, r, &cases.Error{Kind: cases.Invalid, Text: "the request cannot be read: " + err.Error()})
			return
		}
		lines, err := f(r.Context(), request)
		if err != nil {
			c.refuse(w, r, err)
			return
		}
		enc := json.NewEncoder(w)
		for _, line := range lines {
			if err := enc.Encode(line); err != nil {
				return // whoever asked has gone
			}
		}
	})
}

// byID makes an answer of a function that gives one thing for an id.
func byID[T any](f func(context.Context, mailer.ID) (T, error)) func(context.Context, idRequest) ([]T, error) {
	return func(ctx context.Context, r idRequest) ([]T, error) {
		v, err := f(ctx, r.ID)
		return []T{v}, err
	}
}

// refuse answers with an error. Whoever can open the socket owns the daemon, so
// internal errors are told in full.
func (c *control) refuse(w http.ResponseWriter, r *http.Request, err error) {
	out := answerError{Kind: "internal", Text: err.Error()}
	status := http.StatusInternalServerError
	var known *cases.Error
	if errors.As(err, &known) {
		out.Kind, status = string(known.Kind), http.StatusUnprocessableEntity
	} else {
		c.log.Error("control", "verb", r.URL.Path, "error", err)
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(out)
}

func (c *control) caseShow(ctx context.Context, r numberRequest) ([]caseAnswer, error) {
	found, history, err := c.desk.Find(ctx, r.Number)
	return []caseAnswer{{found, history}}, err
}

func (c *control) caseShare(ctx context.Context, r numberRequest) ([]shareAnswer, error) {
	changed, added, err := c.desk.Share(ctx, r.Number, r.Address, r.Group)
	return []shareAnswer{{changed, added}}, err
}

// heldList gives what waits for a decision, the oldest first.
func (c *control) heldList(ctx context.Context, r heldRequest) ([]*cases.MailRecord, error) {
	return c.desk.Waiting(ctx, r.Limit)
}

func (c *control) heldRelease(ctx context.Context, r idRequest) ([]*cases.MailRecord, error) {
	record, err := c.desk.Mail(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	m, err := c.pipeline.again(ctx, c.desk, record)
	if err != nil {
		return nil, err
	}
	released, err := c.desk.Release(ctx, r.ID, m, r.Customer)
	return []*cases.MailRecord{released}, err
}

func (c *control) keyRotate(_ context.Context, r rotateRequest) ([]keyAnswer, error) {
	keys, err := rotateLive(c.keys, c.status().Data, r.Force, time.Now())
	if err == nil {
		c.log.Info("rotated the keys of reply addresses", "key", keys[0].ID, "force", r.Force)
	}
	return keys, err
}

func (c *control) queueList(ctx context.Context, r queueRequest) ([]*mailer.Delivery, error) {
	return c.desk.Deliveries(ctx, r.State, r.Limit)
}

func (c *control) mailRaw(w http.ResponseWriter, r *http.Request) {
	var request idRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&request); err != nil {
		c.refuse(w, r, &cases.Error{Kind: cases.Invalid, Text: "the request cannot be read: " + err.Error()})
		return
	}
	raw, err := c.desk.Raw(r.Context(), request.ID)
	if err != nil {
		c.refuse(w, r, err)
		return
	}
	defer raw.Close()
	record, err := c.desk.Mail(r.Context(), request.ID)
	if err != nil {
		c.refuse(w, r, err)
		return
	}
	io.WriteString(w, resultsField(record, c.desk.Hostname))
	if _, err := io.Copy(w, raw); err != nil {
		// The length is not known beforehand: only a broken connection tells
		// that bytes are missing.
		c.log.Error("control", "verb", r.URL.Path, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// explain runs the pipeline over the mail in the body, and writes nothing.
func (c *control) explain(w http.ResponseWriter, r *http.Request) {
	q, err := parseDryRun(r.URL.Query())
	if err != nil {
		c.refuse(w, r, &cases.Error{Kind: cases.Invalid, Text: err.Error()})
		return
	}
	pipeline, done := c.pipeline.as(q)
	defer done()
	// A desk of its own: what a dry run asks is not logged, and not counted as guessing.
	desk := &cases.Desk{
		Store: c.desk.Store, Blobs: c.desk.Blobs, Keys: c.keys, Hostname: c.desk.Hostname, Audience: c.desk.Audience, Room: c.desk.Room,
	}
	x, err := pipeline.explain(r.Context(), desk, q, r.Body)
	if err != nil {
		// The rest of a mail that is too large is read too: an answer that comes
		// while the mail is still being sent may be lost.
		io.Copy(io.Discard, io.LimitReader(r.Body, maxPiped))
		c.refuse(w, r, err)
		return
	}
	json.NewEncoder(w).Encode(x) // the daemon has no use for a connection that broke
}

// directory makes an answer of planning or applying a directory, which comes
// parsed: files are read, and complained about, where the person is.
func (c *control) directory(f func(context.Context, *cases.Directory) ([]string, error)) func(context.Context, *cases.Directory) ([]lineAnswer, error) {
	return func(ctx context.Context, d *cases.Directory) ([]lineAnswer, error) {
		if err := d.Index(); err != nil {
			return nil, &cases.Error{Kind: cases.Invalid, Text: err.Error()}
		}
		changes, err := f(ctx, d)
		var lines []lineAnswer
		for _, change := range changes {
			lines = append(lines, lineAnswer{change})
		}
		return lines, err
	}
}

// applyDirectory logs as a reload does, and that it was somebody's hand.
func (c *control) applyDirectory(ctx context.Context, d *cases.Directory) ([]string, error) {
	changes, err := c.desk.ApplyDirectory(ctx, d)
	if err != nil {
		return nil, err
	}
	for _, change := range changes {
		c.log.Info("directory", "change", change, "by", "directory apply")
	}
	return changes, nil
}

// listenControl opens the control socket. Whoever calls it holds the store's
// lock, so that a socket found there is the left-over of a daemon that died.
func listenControl(data string) (net.Listener, error) {
	path, err := socketPath(data)
	if err != nil {
		return nil, err
	}
	return listenSocket(path, 0o600)
}
