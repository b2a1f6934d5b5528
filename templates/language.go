package templates

import (
	"fmt"
	"math"
	"time"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/en"
	"github.com/go-playground/locales/pl"
)

// fallback is the language every other is compared with, and used where nobody
// asks for one that there is (R77).
const fallback = "en"

// language is one we write in: its tag, which is the name of its file, and its
// CLDR data.
type language struct {
	tag    string
	locale func() locales.Translator
}

// languages is every language there has to be: one without a file fails Load,
// and so does a file without an entry here.
var languages = []language{
	{"en", en.New},
	{"pl", pl.New},
}

// pluralForms names the CLDR plural categories as catalogues do.
var pluralForms = map[string]locales.PluralRule{
	"zero": locales.PluralRuleZero, "one": locales.PluralRuleOne, "two": locales.PluralRuleTwo,
	"few": locales.PluralRuleFew, "many": locales.PluralRuleMany, "other": locales.PluralRuleOther,
}

// moment writes a time to the minute, the zone as its distance from UTC: the
// abbreviations of zones are not unique (CST) and not translated.
func moment(l locales.Translator, t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	return fmt.Sprintf("%s, %s (%s)", l.FmtDateLong(t), l.FmtTimeShort(t), offset(t))
}

func offset(t time.Time) string {
	_, seconds := t.Zone()
	sign, minutes := '+', seconds/60
	switch {
	case minutes == 0:
		return "UTC"
	case minutes < 0:
		sign, minutes = '-', -minutes
	}
	if minutes%60 == 0 {
		return fmt.Sprintf("UTC%c%d", sign, minutes/60)
	}
	return fmt.Sprintf("UTC%c%d:%02d", sign, minutes/60, minutes%60)
}

// size writes a number of octets for people, in decimal units.
func size(l locales.Translator, octets int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	n, unit := float64(max(octets, 0)), 0
	// 999.5 would be written as 1000.
	for n >= 999.5 && unit < len(units)-1 {
		n, unit = n/1000, unit+1
	}
	digits := uint64(0)
	if n < 99.95 && math.Mod(math.Round(n*10), 10) != 0 {
		digits = 1
	}
	return l.FmtNumber(n, digits) + "\u00a0" + units[unit]
}
