package parse

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding/ianaindex"
)

// getText takes one text out of a reading.
type getText func(*reading) string

func wholeText(r *reading) string { return r.mail.Text }
func replyText(r *reading) string { return r.mail.Reply.Text }
func shownPage(r *reading) string { return r.html }

// statedTexts is one string or several.
type statedTexts []string

func (w *statedTexts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*w = statedTexts{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(b, &many); err != nil {
		return fmt.Errorf("neither a string nor a list of strings: %w", err)
	}
	*w = many
	return nil
}

// textFacts compares pages by their text only: what the mail writes as HTML is
// made safe before it is shown, so that no tag need be as it was.
func textFacts() map[string]comparer {
	return map[string]comparer{
		"text":                                 textIs(wholeText),
		"text_parts":                           fact(compareTextParts),
		"text_contains":                        textHas(wholeText),
		"text_contains_ws_normalised":          textHas(wholeText),
		"text_words":                           textHas(wholeText),
		"text_starts_with":                     textStarts(wholeText),
		"text_contains_count":                  textCounts(wholeText),
		"text_nowhitespace_sha256":             sumIs(wholeText),
		"text_equals_file_ignoring_whitespace": fileIs(wholeText),
		"html":                                 pageIs,
		"html_parts":                           pageIs,
		"html_contains":                        pageHas,
		"html_contains_count":                  pageCounts,
		"html_nowhitespace_sha256":             sumIs(shownPage),
		"html_equals_file_ignoring_whitespace": fileIs(shownPage),
		"html_absent": fact(func(r *reading, name string, want bool) {
			r.check(name, (r.html == "") == want, "no page", r.html)
		}),
		"empty_body": fact(func(r *reading, name string, want bool) {
			r.check(name, (squeeze(r.mail.Text) == "") == want, "no text", r.mail.Text)
		}),
	}
}

// textIs compares after white space is collapsed.
func textIs(get getText) comparer {
	return fact(func(r *reading, name, want string) {
		got := get(r)
		r.check(name, squeeze(got) == squeeze(want), want, got)
	})
}

// compareTextParts compares the text of the mail with its parts one below the
// other.
func compareTextParts(r *reading, name string, want statedTexts) {
	all := strings.Join(want, "\n")
	r.check(name, squeeze(r.mail.Text) == squeeze(all), all, r.mail.Text)
}

// textHas wants every string in the text.
func textHas(get getText) comparer {
	return fact(func(r *reading, name string, want statedTexts) {
		got := squeeze(get(r))
		for _, w := range want {
			if !strings.Contains(got, squeeze(w)) {
				r.check(name, false, w, got)
				return
			}
		}
		r.check(name, true, "", "")
	})
}

// textHasNot wants none of the strings in the text.
func textHasNot(get getText) comparer {
	return fact(func(r *reading, name string, want statedTexts) {
		got := squeeze(get(r))
		for _, w := range want {
			if at := strings.Index(got, squeeze(w)); at >= 0 {
				r.check(name, false, "not: "+w, got[at:])
				return
			}
		}
		r.check(name, true, "", "")
	})
}

func textStarts(get getText) comparer {
	return fact(func(r *reading, name, want string) {
		got := get(r)
		r.check(name, strings.HasPrefix(squeeze(got), squeeze(want)), want, got)
	})
}

// spaceless compares with all white space removed.
func spaceless(get getText) comparer {
	return fact(func(r *reading, name, want string) {
		got := get(r)
		r.check(name, withoutSpace(got) == withoutSpace(want), want, got)
	})
}

// sumIs compares the sum of a text without white space.
func sumIs(get getText) comparer {
	return fact(func(r *reading, name, want string) {
		got := withoutSpace(get(r))
		r.check(name, textSum(got) == want, want, got)
	})
}

func textSum(s string) string {
	b := sha256.Sum256([]byte(s))
	return hex.EncodeToString(b[:])
}

// fileIs compares with a file of the set, stated as "files/a.txt (ISO-8859-1)".
func fileIs(get getText) comparer {
	return fact(func(r *reading, name, stated string) {
		path, label, _ := strings.Cut(strings.TrimSuffix(stated, ")"), " (")
		want, err := r.File(path)
		if err != nil {
			r.check(name, false, stated, err.Error())
			return
		}
		if enc, err := ianaindex.MIME.Encoding(label); err == nil && enc != nil {
			want, _ = enc.NewDecoder().Bytes(want) // x/text puts U+FFFD for what it cannot decode
		}
		got := get(r)
		r.check(name, withoutSpace(got) == withoutSpace(string(want)), string(want), got)
	})
}

type statedCount struct {
	String string
	Count  int
}

func textCounts(get getText) comparer {
	return fact(func(r *reading, name string, want statedCount) {
		n := strings.Count(get(r), want.String)
		r.check(name, n == want.Count, fmt.Sprint(want.Count), fmt.Sprint(n))
	})
}

// pageIs compares pages, one or several below each other, without their tags.
func pageIs(r *reading, name string, stated json.RawMessage) {
	fact(func(r *reading, name string, want statedTexts) {
		all := withoutTags(strings.Join(want, "\n"))
		r.check(name, withoutSpace(r.html) == withoutSpace(all), all, r.html)
	})(r, name, stated)
}

// pageHas wants the text of every string in the page. Some begin and end in the
// middle of a tag.
func pageHas(r *reading, name string, stated json.RawMessage) {
	fact(func(r *reading, name string, want statedTexts) {
		for _, w := range want {
			w = withoutSpace(withoutTags(strings.TrimPrefix(strings.TrimSuffix(w, "<"), ">")))
			if !strings.Contains(withoutSpace(r.html), w) {
				r.check(name, false, w, r.html)
				return
			}
		}
		r.check(name, true, "", "")
	})(r, name, stated)
}

func pageCounts(r *reading, name string, stated json.RawMessage) {
	fact(func(r *reading, name string, want statedCount) {
		text := withoutSpace(withoutTags(want.String))
		if text == "" {
			r.book.skip(name, "tags without text: the page is made safe")
			return
		}
		n := strings.Count(withoutSpace(r.html), text)
		r.check(name, n == want.Count, fmt.Sprint(want.Count), fmt.Sprint(n))
	})(r, name, stated)
}

// withoutTags is the text of a page that a reader sees: without its head's
// title, scripts and styles.
func withoutTags(page string) string {
	var out strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(page))
	hidden := ""
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return out.String()
		case html.TextToken:
			if hidden == "" {
				out.Write(tokens.Text())
			}
		case html.StartTagToken:
			switch name, _ := tokens.TagName(); string(name) {
			case "script", "style", "title":
				hidden = string(name)
			}
		case html.EndTagToken:
			if name, _ := tokens.TagName(); string(name) == hidden {
				hidden = ""
			}
		}
	}
}
