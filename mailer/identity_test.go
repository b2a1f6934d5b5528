package mailer

import (
	"encoding/json"
	"testing"
)

func TestLevelText(t *testing.T) {
	for level, name := range map[Level]string{
		Unverified: "unverified", Failed: "failed", UnknownYet: "unknown yet", VerifiedSPF: "verified(spf)", Verified: "verified",
	} {
		data, err := json.Marshal(level)
		if err != nil || string(data) != `"`+name+`"` {
			t.Errorf("level %d is written %s, %v, want %q (design 4)", level, data, err, name)
		}
		got := Level(-1)
		if err := json.Unmarshal(data, &got); err != nil || got != level {
			t.Errorf("%s is read as %v, %v, want %v", data, got, err, level)
		}
	}
	for _, bad := range []string{"", "Verified", "verified(arc)", "level(9)"} {
		level := Failed
		if err := level.UnmarshalText([]byte(bad)); err == nil || level != Failed {
			t.Errorf("level %q was read as %v, %v, want an error and no change", bad, level, err)
		}
	}
	if got := Level(9).String(); got != "level(9)" {
		t.Errorf("a level that does not exist prints as %q", got)
	}
}

func TestIsVerified(t *testing.T) {
	anna := MustAddress("anna@north.example")
	for level, want := range map[Level]bool{
		Unverified: false, Failed: false, UnknownYet: false, VerifiedSPF: true, Verified: true,
	} {
		if got := (Identity{Level: level, Address: anna}).IsVerified(); got != want {
			t.Errorf("%v: believed %v, want %v", level, got, want)
		}
		// F6: no single From, nobody to believe, whatever passed.
		if (Identity{Level: level}).IsVerified() {
			t.Errorf("%v without an address is believed", level)
		}
	}
	if (Identity{}).IsVerified() {
		t.Error("the zero identity is believed")
	}
}
