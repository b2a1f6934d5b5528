package page

import "strings"

// shownStyles are the properties that a style attribute may ask for. None of
// them moves an element out of its place or fetches anything.
func shownStyles() []string {
	names := strings.Fields(`color background background-color font font-family font-size font-style
		font-weight font-variant line-height letter-spacing word-spacing text-align text-decoration
		text-indent text-transform vertical-align white-space word-break word-wrap overflow-wrap direction
		border border-color border-style border-width border-radius border-collapse border-spacing
		width height max-width min-width max-height min-height margin padding display float clear
		list-style list-style-type table-layout box-sizing`)
	for _, side := range []string{"top", "right", "bottom", "left"} {
		names = append(names, "margin-"+side, "padding-"+side, "border-"+side, "border-"+side+"-color",
			"border-"+side+"-style", "border-"+side+"-width")
	}
	return names
}

// shownStyle is shownStyles for looking up.
var shownStyle = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range shownStyles() {
		m[name] = true
	}
	return m
}()

// cleanStyle keeps the declarations that may be shown. Those that hide are left
// out: the text that they hide is left out as well, and text that is shown in
// spite of them must stay visible where a browser reads them otherwise.
//
// Marks of importance go too: they would win over the style of our own page.
func cleanStyle(text string) string {
	var out strings.Builder
	for _, declaration := range strings.Split(strings.ToLower(text), ";") {
		name, value, _ := strings.Cut(declaration, ":")
		name = strings.Trim(name, " \t\r\n\f")
		value, _, _ = strings.Cut(value, "!")
		value = strings.Join(strings.Fields(strings.Map(dropQuotes, value)), " ")
		if !shownStyle[name] || !isSafeValue(value) {
			continue
		}
		var st style
		if st.declare([]byte(name), []byte(value)); st.hidesAny() {
			continue
		}
		if out.Len() > 0 {
			out.WriteString("; ")
		}
		out.WriteString(name + ": " + value)
	}
	return out.String()
}

// stylePattern is for the policy, which judges again what was cleaned: a slip in
// one of the two must not be enough. It matches what cleanStyle gives, and nothing that isSafeValue refuses.
func stylePattern() string {
	one := `(?:` + strings.Join(shownStyles(), "|") + `): (?:(?:rgb|hsl)a?\([0-9a-z ,.%]*\)|[a-z0-9 #%.,]|-[a-z-])+`
	return `^` + one + `(?:; ` + one + `)*$`
}

// dropQuotes drops quotes: names of fonts need none, and a value without quotes
// cannot end the attribute it is written in.
func dropQuotes(r rune) rune {
	if r == '"' || r == '\'' {
		return -1
	}
	return r
}

// isSafeValue lists what is allowed rather than what is not, because CSS has a new
// function that fetches every other year. It tells values of letters, numbers and
// colours: no address, no expression, no escape, nothing negative that lays one
// thing over another.
func isSafeValue(v string) bool {
	if v == "" || len(v) > 300 {
		return false
	}
	depth := 0
	for i := range len(v) {
		switch c := v[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', strings.IndexByte(" #%.,", c) >= 0:
		case c == '-':
			if i+1 < len(v) && (v[i+1] == '.' || '0' <= v[i+1] && v[i+1] <= '9') {
				return false
			}
		case c == '(':
			if depth++; depth > 1 || !endsInColour(v[:i]) {
				return false
			}
		case c == ')':
			if depth--; depth < 0 {
				return false
			}
		default:
			return false
		}
	}
	return depth == 0
}

// endsInColour tells whether the word before a parenthesis makes a colour.
func endsInColour(v string) bool {
	v = v[strings.LastIndexAny(v, " ,")+1:]
	return v == "rgb" || v == "rgba" || v == "hsl" || v == "hsla"
}
