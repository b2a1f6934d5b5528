package mailer

import (
	"encoding/json"
	"testing"
)

func TestLevelText(t *testing.T) {
	for level, name := range map[Level]string{
		Unverified: "unverified", Failed: "failed", UnknownYet: "unknown yet", VerifiedSPF: "verified(spf)", Verified: "verified",
		VerifiedARC: "verified(arc)",
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
	for _, bad := range []string{"", "Verified", "verified(dkim)", "level(9)"} {
		level := Failed
		if err := level.UnmarshalText([]byte(bad)); err == nil || level != Failed {
			t.Errorf("level %q was read as %v, %v, want an error and no change", bad, level, err)
		}
	}
	if got := Level(9).String(); got != "level(9)" {
		t.Errorf("a level that does not exist prints as %q", got)
	}
}

// TestBelieved: who is believed for what (design 4, T12).
func TestBelieved(t *testing.T) {
	anna := MustAddress("anna@north.example")
	for _, tt := range []struct {
		level           Level
		write, commands bool
	}{
		{Unverified, false, false}, {Failed, false, false}, {UnknownYet, false, false},
		{VerifiedSPF, true, false}, {Verified, true, true}, {VerifiedARC, true, true},
	} {
		id := Identity{Level: tt.level, Address: anna}
		if id.IsVerified() != tt.write || id.MayCommand() != tt.commands {
			t.Errorf("%v: believed %v, for commands %v, want %v and %v", tt.level, id.IsVerified(), id.MayCommand(), tt.write, tt.commands)
		}
		// F6: no single From, nobody to believe, whatever passed.
		if id.Address = (Address{}); id.IsVerified() || id.MayCommand() {
			t.Errorf("%v without an address is believed", tt.level)
		}
	}
	if (Identity{}).IsVerified() {
		t.Error("the zero identity is believed")
	}
}
