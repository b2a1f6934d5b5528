package mailer

// ScanVerdict is what a content check found.
type ScanVerdict string

const (
	ScanClean      ScanVerdict = "clean"
	ScanSuspicious ScanVerdict = "suspicious" // looks like spam
	ScanHarmful    ScanVerdict = "harmful"    // malware, or certainly spam
	ScanBroken     ScanVerdict = "broken"     // the check itself failed
)

// Scan is the result of one content check.
type Scan struct {
	By        string      `json:"by"` // "rspamd", "clamav"
	Verdict   ScanVerdict `json:"verdict"`
	Detail    string      `json:"detail,omitempty"` // for the operator
	Score     float64     `json:"score,omitempty"`
	Threshold float64     `json:"threshold,omitempty"`
}
