package main

import (
	_ "embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"casegate/cases"
)

// public serves the pages that people reach from links in mails. It trusts
// nothing about the request: not its Host, not its size, not its speed.
type public struct {
	desk     *cases.Desk
	hostname string
	log      *slog.Logger
}

//go:embed public.html
var publicHTML string

var publicPage = template.Must(template.New("public").Parse(publicHTML))

// pageData fills public.html: a heading, a sentence, and a button where Button
// is not "".
type pageData struct {
	Title, Text, Button string
}

func (p *public) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		p.page(w, http.StatusOK, pageData{Title: p.hostname, Text: "This is a support mail gateway. There is nothing to see here: it is used by mail."})
	})
	mux.HandleFunc("GET /leave/{token}", p.askLeave)
	mux.HandleFunc("POST /leave/{token}", p.leave)
	return secured(mux)
}

// askLeave shows what leaving means and changes nothing: programs that look at
// every link in a mail come by here (T80).
func (p *public) askLeave(w http.ResponseWriter, r *http.Request) {
	c, err := p.desk.Leaver(r.Context(), r.PathValue("token"))
	if err != nil {
		p.fail(w, err)
		return
	}
	p.page(w, http.StatusOK, pageData{
		Title: "Leave " + c.Number + "?", Text: "You will get no more mail about this case.", Button: "Leave " + c.Number,
	})
}

// leave takes the reader off the case's sharing list: the button of the page
// above, or the one-click of a mail program (RFC 8058 3.2). What the body says
// does not matter; it is read so that the connection can be used again.
func (p *public) leave(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The request is too large or cannot be read.", http.StatusBadRequest)
		return
	}
	c, err := p.desk.Leave(r.Context(), r.PathValue("token"))
	if err != nil {
		p.fail(w, err)
		return
	}
	p.page(w, http.StatusOK, pageData{Title: "You have left " + c.Number, Text: "You will get no more mail about this case."})
}

func (p *public) fail(w http.ResponseWriter, err error) {
	var known *cases.Error
	switch {
	case errors.As(err, &known) && known.Kind == cases.NotFound:
		p.page(w, http.StatusNotFound, pageData{Title: "Unknown link", Text: "This link is not valid, or not any more."})
	case errors.As(err, &known):
		p.page(w, http.StatusConflict, pageData{Title: "That did not work", Text: known.Text})
	default:
		p.log.Error("public page", "error", err) // never with the path: it holds a token
		p.page(w, http.StatusServiceUnavailable, pageData{Title: "That did not work", Text: "Please try again in a few minutes."})
	}
}

func (p *public) page(w http.ResponseWriter, status int, data pageData) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := publicPage.Execute(w, data); err != nil {
		p.log.Debug("public page", "error", err)
	}
}

// maxForm bounds a request body in octets: a one-click has 26.
const maxForm = 4 << 10

// secured sets what every answer carries and bounds what every request may.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Referrer-Policy", "no-referrer") // the address of a page is a secret
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Robots-Tag", "noindex")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next.ServeHTTP(w, r)
	})
}

// limitedServer is a server that slow or endless requests cannot tie up (T83).
func limitedServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 20 * time.Second, IdleTimeout: 60 * time.Second,
		MaxHeaderBytes: 16 << 10,
	}
}
