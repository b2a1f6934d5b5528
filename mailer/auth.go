package mailer

// Auth is what SPF, DKIM, DMARC and ARC say of one mail (RFC 8601): the facts
// from which an Identity follows. Results are the words of RFC 8601 2.7: none,
// pass, fail, softfail, neutral, policy, temperror, permerror; "" where a method
// was not tried.
type Auth struct {
	SPF   AuthSPF    `json:"spf"`
	DKIM  []AuthDKIM `json:"dkim"`
	DMARC AuthDMARC  `json:"dmarc"`
	ARC   AuthARC    `json:"arc"`
}

// AuthSPF is the result for the reverse-path or, where that is null, for the
// name of HELO (RFC 7208 2.3, 2.4).
type AuthSPF struct {
	Result string `json:"result"`
	Domain string `json:"domain"`
	Helo   bool   `json:"helo,omitempty"` // Domain is the name of HELO
	Reason string `json:"reason,omitempty"`
}

// AuthDKIM is the result of one DKIM-Signature field, from the top.
type AuthDKIM struct {
	Domain   string `json:"domain"`
	Selector string `json:"selector"`
	Result   string `json:"result"`
	Reason   string `json:"reason,omitempty"`
}

// AuthDMARC is the result for the domain of From (RFC 9989).
type AuthDMARC struct {
	Result string `json:"result"`
	Policy string `json:"policy"` // what the domain asks for: none, quarantine, reject; "" without a record
	Domain string `json:"domain"` // where the record was found, else the domain of From
	Reason string `json:"reason,omitempty"`
}

// AuthARC is the state of the chain (RFC 8617 4.4).
type AuthARC struct {
	CV      string   `json:"cv"`      // none, pass, fail; temperror while a key cannot be had
	Sealers []string `json:"sealers"` // domains that the seals name, the first hop first; proven where CV is pass
	Reason  string   `json:"reason,omitempty"`
}

// Fill gives methods that were not tried the word for it, "none", and makes
// lists of what is nil, so that JSON always has the same shape.
func (a *Auth) Fill() {
	for _, word := range []*string{&a.SPF.Result, &a.DMARC.Result, &a.ARC.CV} {
		if *word == "" {
			*word = "none"
		}
	}
	if a.DKIM == nil {
		a.DKIM = []AuthDKIM{}
	}
	if a.ARC.Sealers == nil {
		a.ARC.Sealers = []string{}
	}
}
