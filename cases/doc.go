// Package cases decides: what becomes of each mail, who may do what to which
// support case, and what the history of a case says. It is pure but for the
// Store it is given; time and ids are passed in. It knows nothing of SMTP, of
// files or of how a notice is worded, and never imports its own adapters (store,
// notify).
package cases
