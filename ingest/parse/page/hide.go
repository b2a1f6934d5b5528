package page

import "bytes"

// asks says whether a value hides.
func asks(p property, name, value []byte) ask {
	if len(value) == 0 || len(value) > 200 {
		return unsaid
	}
	var buf [200]byte
	v := bytesLower(buf[:0], value)
	switch p {
	case display:
		return asksDisplay(v)
	case visibility:
		return either(string(v) == "hidden" || string(v) == "collapse", string(v) == "visible" || string(v) == "initial")
	case overflow:
		return either(string(v) == "hidden" || string(v) == "clip", true)
	case outlook:
		return either(string(v) == "all", true)
	case fontSize:
		return asksSize(name, v)
	case color:
		return either(isClear(v), true)
	case opacity, width, height, flat:
		return asksAmount(p, v)
	case away:
		return asksAway(name, v)
	case space:
		return either(bytes.HasPrefix(v, []byte("pre")) || bytes.HasPrefix(v, []byte("break-spaces")), true)
	case bullet:
		return either(string(v) == "ignore", false)
	}
	return unsaid
}

// either gives what a value asks that may do both. One that does neither is not
// known to browsers, which go on with the declaration before it.
func either(hides, shows bool) ask {
	switch {
	case hides:
		return hiding
	case shows:
		return showing
	}
	return unsaid
}

// asksDisplay knows the values of display. A made-up one must not undo "none".
func asksDisplay(v []byte) ask {
	switch string(v) {
	case "none":
		return hiding
	case "block", "flex", "grid", "list-item", "flow-root", "table", "table-cell", "table-row":
		return breaking
	case "contents", "initial", "inherit", "unset", "revert", "run-in", "ruby":
		return showing
	}
	return either(false, bytes.HasPrefix(v, []byte("inline")) || bytes.HasPrefix(v, []byte("table-")) ||
		bytes.HasPrefix(v, []byte("-webkit-")) || bytes.HasPrefix(v, []byte("-ms-")))
}

// asksAmount takes next to nothing for nothing: a pixel shows no word.
func asksAmount(p property, v []byte) ask {
	n, unit, ok := measure(v)
	switch {
	case ok && p == opacity:
		return either(n <= 50 || n <= 5000 && string(unit) == "%", true)
	case ok:
		return either(n == 0 || n <= 1000 && (string(unit) == "px" || string(unit) == "pt"), true)
	}
	return either(false, p != opacity && (string(v) == "auto" || string(v) == "none" || string(v) == "initial" ||
		string(v) == "inherit" || bytes.IndexByte(v, '-') > 0 || bytes.IndexByte(v, '(') > 0))
}

// asksSize takes letters of at most one pixel for hidden. Relative sizes of
// nothing are nothing, so they do not undo it.
func asksSize(name, v []byte) ask {
	if len(name) == len("font") {
		// The short form names the size somewhere, before a slash.
		// No bytes.Fields: it would move every value that is looked at to the heap.
		for rest := v; len(rest) > 0; {
			n := bytes.IndexAny(rest, " \t\r\n\f")
			if n < 0 {
				n = len(rest)
			}
			if size, _, _ := bytes.Cut(rest[:n], []byte("/")); isTiny(size) {
				return hiding
			}
			rest = rest[min(n+1, len(rest)):]
		}
		return unsaid
	}
	_, unit, ok := measure(v)
	switch {
	case isTiny(v), bytes.HasPrefix(v, []byte("calc(0")):
		return hiding
	case ok:
		return either(false, string(unit) != "%" && string(unit) != "em")
	}
	return either(false, string(v) == "medium" || string(v) == "initial" ||
		bytes.HasSuffix(v, []byte("small")) || bytes.HasSuffix(v, []byte("large")))
}

// isTiny tells a size of letters that nobody reads. A bare number other than 0
// is no size.
func isTiny(v []byte) bool {
	n, unit, ok := measure(v)
	if !ok {
		return false
	}
	switch string(unit) {
	case "px", "pt":
		return n <= 1000
	case "em", "rem":
		return n <= 100
	case "%":
		return n <= 10_000
	}
	return n == 0
}

// isClear tells the colours that are seen through: those whose fourth number,
// or whose number behind the slash, is 0.
func isClear(v []byte) bool {
	switch {
	case string(v) == "transparent":
		return true
	case len(v) == len("#rrggbbaa") && v[0] == '#':
		return string(v[7:]) == "00"
	case len(v) == len("#rgba") && v[0] == '#':
		return v[4] == '0'
	}
	inner, closed := bytes.CutSuffix(v, []byte(")"))
	if !closed {
		return false
	}
	i := bytes.LastIndexByte(inner, '/')
	if i < 0 && bytes.Count(inner, []byte(",")) == 3 {
		i = bytes.LastIndexByte(inner, ',')
	}
	if i < 0 {
		return false
	}
	n, _, ok := measure(trim(inner[i+1:]))
	return ok && n == 0
}

// asksAway knows the tricks that put text where no reader looks, or cut all of
// it. None of these undoes another: they are different properties.
func asksAway(name, v []byte) ask {
	kind, inner, call := bytes.Cut(v, []byte("("))
	inner = bytes.TrimLeft(inner, " ")
	first := inner[:max(0, bytes.IndexAny(inner, " ,)"))]
	n, unit, ok := measure(first)
	hides := false
	switch {
	case string(name) == "zoom":
		hides = isZero(v)
	case string(name) == "content-visibility":
		hides = string(v) == "hidden"
	case !call:
		n, unit, ok = measure(v)
		hides = ok && isFar(n, unit)
	case !ok:
	case string(kind) == "scale", string(kind) == "opacity", string(kind) == "circle":
		hides = n == 0
	case string(kind) == "rect":
		hides = n == 0 || n <= 1000 && n > 0
	case string(kind) == "inset":
		hides = n >= 50_000 && string(unit) == "%"
	case bytes.HasPrefix(kind, []byte("translate")):
		hides = isFar(n, unit)
	case string(kind) == "polygon":
		hides = bytes.HasPrefix(inner, []byte("0 0, 0 0")) || bytes.HasPrefix(inner, []byte("0 0,0 0"))
	}
	return either(hides, false)
}

// isFar tells how far away from its place text is out of sight. To the left and
// the top nobody can scroll.
func isFar(n int, unit []byte) bool {
	if u := string(unit); u == "em" || u == "rem" || u == "%" {
		n *= 10
	}
	return n <= -500_000 || n >= 3_000_000
}

// measure reads a number in thousandths and its unit. What is smaller than a
// thousandth, but not nothing, is as good as nothing.
func measure(v []byte) (n int, unit []byte, ok bool) {
	// By hand: every size in a mail comes here, and strconv wants to know the end.
	i, sign, scale := 0, 1, 1000
	if len(v) > 0 && (v[0] == '-' || v[0] == '+') {
		if i = 1; v[0] == '-' {
			sign = -1
		}
	}
	for ; i < len(v); i++ {
		switch c := v[i]; {
		case '0' <= c && c <= '9' && scale == 1000:
			n, ok = min(n*10+int(c-'0')*1000, 1e9), true
		case '0' <= c && c <= '9':
			n, ok = n+int(c-'0')*scale, true
			scale /= 10
		case c == '.' && scale == 1000:
			scale = 100
		default:
			return n * sign, v[i:], ok
		}
	}
	return n * sign, nil, ok
}

// isZero tells 0, 0px, 0.0em, 0%.
func isZero(v []byte) bool {
	n, _, ok := measure(v)
	return ok && n == 0
}

// plainStyle writes declarations without comments and escapes, with which those
// who hide write what browsers understand and filters do not (CSS Syntax 4.3.7).
func plainStyle(b []byte) []byte {
	b = dropComments(b)
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		if b[i] != '\\' {
			out = append(out, b[i])
			i++
			continue
		}
		i++
		start, r := i, 0
		for i < len(b) && i-start < 6 && hexDigit(b[i]) >= 0 {
			r = r<<4 | hexDigit(b[i])
			i++
		}
		switch {
		case i > start:
			if i < len(b) && isBlank(b[i]) {
				i++ // ends the number
			}
		case i < len(b):
			r = int(b[i])
			i++
		}
		// What is escaped is part of a word: it ends no declaration.
		if 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || r == '-' {
			out = append(out, byte(r))
		} else {
			out = append(out, '_')
		}
	}
	return out
}

// hexDigit gives the value of a hexadecimal digit; -1 for anything else.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// dropComments puts a space in the place of every comment, as CSS does: what
// stands around one is two words.
func dropComments(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for {
		before, rest, found := bytes.Cut(b, []byte("/*"))
		out = append(out, before...)
		if !found {
			return out
		}
		out = append(out, ' ')
		_, b, _ = bytes.Cut(rest, []byte("*/"))
	}
}
