package reply

import (
	"maps"
	"slices"
	"strings"
)

// Markers is the line that our notices begin with, by language: what stands
// below it is ours. Notices write it as "##- Reply above this line -##". It must
// not be changed but added to: answers to old notices come in for years.
var Markers = map[string]string{
	"en":    "Reply above this line",
	"pl":    "Odpowiedz powyżej tej linii",
	"zh-TW": "請在此行上方回覆",
	"sv":    "Svara ovanför den här raden",
	"it":    "Rispondi sopra questa riga",
	"id":    "Balas di atas baris ini",
}

// markers are the texts of Markers, quicker to look through.
var markers = slices.Collect(maps.Values(Markers))

// maxMarker is the longest line that a marker is looked for in, in octets.
const maxMarker = 120

// isMarker tells whether a line is our marker, whatever a mailer drew around it.
func isMarker(s string) bool {
	if len(s) > maxMarker || len(s) < 12 {
		return false
	}
	s = strings.TrimFunc(s, func(r rune) bool {
		return strings.ContainsRune("#-=*_~>|[]()<. \t\u00a0–—", r)
	})
	for _, m := range markers {
		if len(m) == len(s) && strings.EqualFold(m, s) {
			return true
		}
	}
	return false
}
