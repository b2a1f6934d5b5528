package page

import (
	"bytes"
	"testing"

	"casegate/ingest/corpustest"
)

// TestCorpus makes the pages of the corpus safe. What replies are read from them
// is scored in ingest/parse.
func TestCorpus(t *testing.T) {
	for _, item := range corpustest.Items(t) {
		if item.Input != "body-html" {
			continue
		}
		_, body, _ := bytes.Cut(item.Raw, []byte("\r\n\r\n"))
		text, _ := Decode(body, "utf-8")
		shown := Sanitize(text)
		if bad := forbidden(shown); bad != "" || Sanitize(shown) != shown {
			t.Errorf("%s: what is shown holds %q, or changes when it is sanitised again", item.ID, bad)
		}
	}
}
