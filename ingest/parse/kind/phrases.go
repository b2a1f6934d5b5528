package kind

// phraseSet is lists of phrases that a text is searched for at once, since a
// notice may have thousands of lines and there are hundreds of phrases. It
// must not be changed once it is made.
type phraseSet struct {
	first [1 << phraseBits]uint16 // of all phrases whose beginning has this sum; 0 for none, else one more than the place in all
	all   []phrase
}

type phrase struct {
	text string
	list int
	next uint16 // as first
}

const (
	phraseBits  = 12
	shortPhrase = 3 // octets: no phrase is shorter
)

// newPhrases takes lists of phrases in lower case, the more important first.
func newPhrases(lists ...[]string) *phraseSet {
	p := &phraseSet{}
	for i, list := range lists {
		for _, text := range list {
			sum := phraseSum(text)
			p.all = append(p.all, phrase{text, i, p.first[sum]})
			p.first[sum] = uint16(len(p.all))
		}
	}
	return p
}

func phraseSum(s string) uint32 {
	return (uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16) * 2654435761 >> (32 - phraseBits)
}

// find gives the first of the lists of which low, a text in lower case, has a
// phrase; -1 for none.
func (p *phraseSet) find(low string) int {
	best := -1
	for i := 0; i+shortPhrase <= len(low) && best != 0; i++ {
		for at := p.first[phraseSum(low[i:])]; at != 0; at = p.all[at-1].next {
			f := &p.all[at-1]
			if (best < 0 || f.list < best) && len(f.text) <= len(low)-i && low[i:i+len(f.text)] == f.text {
				best = f.list
			}
		}
	}
	return best
}

func (p *phraseSet) in(low string) bool { return p.find(low) >= 0 }
