package mailer

// Scan is what one content scanner (rspamd, ClamAV) said of a mail. It tells
// about the content only, never about who wrote it.
type Scan struct {
	By      string      `json:"by"` // the scanner: "rspamd", "clamav"
	Verdict ScanVerdict `json:"verdict"`
	// Detail is one short line of printable text for the operator: the name of
	// what was found, or why the scanner is broken.
	Detail string `json:"detail,omitempty"`
	// Score grows with the suspicion; at Threshold the scanner would reject. Both
	// are 0 where the scanner knows only yes and no.
	Score     float64 `json:"score,omitempty"`
	Threshold float64 `json:"threshold,omitempty"`
}

// ScanVerdict is what a scanner makes of a mail.
type ScanVerdict string

const (
	ScanClean      ScanVerdict = "clean"
	ScanSuspicious ScanVerdict = "suspicious" // the scanner would mark it, or have it sent again later
	ScanHarmful    ScanVerdict = "harmful"    // the scanner would reject it
	ScanBroken     ScanVerdict = "broken"     // there is no answer that can be believed
)
