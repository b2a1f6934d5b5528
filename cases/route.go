package cases

import (
	"strings"
	"time"

	"casegate/mailer"
)

// routeKind is what an address of ours means (design 3).
type routeKind string

const (
	routeNone       routeKind = "none"        // 550 5.1.1
	routeIntake     routeKind = "intake"      // files a case
	routeReply      routeKind = "reply"       // a reply to a notice
	routeReturnPath routeKind = "return path" // bounces of a notice
	routeHeld       routeKind = "held"        // decides on a held mail
	routeConfirm    routeKind = "confirm"     // the sender of a held mail says that it is his
	routeOperator   routeKind = "operator"    // postmaster@, abuse@
)

// route is what one recipient address means. The tenant comes from the address
// alone, never from a header.
type route struct {
	kind     routeKind
	reseller *Reseller    // nil: the operator's own
	token    mailer.Token // of every kind that has one
	customer string       // routeIntake: named after a plus
}

// tenant is the reseller the route belongs to; "" for the operator.
func (r route) tenant() ResellerID {
	if r.reseller == nil {
		return ""
	}
	return r.reseller.ID
}

// router knows what our addresses mean at one moment.
type router struct {
	dir      *Directory
	keys     *mailer.Keyring
	hostname string
	now      time.Time
}

func (r router) route(a mailer.Address) route {
	if reseller, customer := r.dir.Intake(a); reseller != nil {
		return route{kind: routeIntake, reseller: reseller, customer: customer}
	}
	local := a.Key().Local
	reseller := r.dir.ResellerOf(a.Domain)
	if reseller == nil && a.Domain != r.hostname {
		return route{kind: routeNone}
	}
	if local == "postmaster" || local == "abuse" { // RFC 5321 4.5.1, RFC 2142
		return route{kind: routeOperator, reseller: reseller}
	}
	for _, made := range tokenAddresses {
		if rest, ok := strings.CutPrefix(local, made.part); ok {
			found := r.byToken(rest, made.purpose, made.kind)
			if reseller != nil && found.reseller != reseller {
				return route{kind: routeNone} // at another's domain, which tells nothing of it (T28)
			}
			return found
		}
	}
	return route{kind: routeNone}
}

// tokenAddresses are the kinds of addresses that we make of tokens.
var tokenAddresses = [...]struct {
	part    string // what the local part begins with
	purpose mailer.Purpose
	kind    routeKind
}{
	{mailer.ReplyPart, mailer.PurposeReply, routeReply},
	{mailer.ReturnPathPart, mailer.PurposeReturnPath, routeReturnPath},
	{mailer.HeldPart, mailer.PurposeHeld, routeHeld},
	{mailer.ConfirmPart, mailer.PurposeConfirm, routeConfirm},
}

// byToken routes by a token; a wrong, expired or foreign one is an unknown
// address like any other (F5).
func (r router) byToken(s string, purpose mailer.Purpose, kind routeKind) route {
	token, err := r.keys.Open(s, purpose, r.now)
	if err != nil {
		return route{kind: routeNone}
	}
	reseller := r.dir.Tenant(token.Tenant)
	if reseller == nil {
		return route{kind: routeNone}
	}
	return route{kind: kind, reseller: reseller, token: token}
}
