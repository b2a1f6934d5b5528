package notify

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"casegate/cases"
	"casegate/mailer"
)

func TestAudience(t *testing.T) {
	d := world(t, "en")
	by := func(no uint16) cases.Actor { return cases.Actor{Participant: no} }
	filed := cases.Event{Type: cases.EventFiled, Actor: by(requester)}
	message := func(a cases.Actor) cases.Event { return cases.Event{Type: cases.EventMessage, Actor: a} }
	tests := []struct {
		name   string
		change func(*cases.Case)
		events []cases.Event
		want   []uint16
	}{
		{"nothing", nil, nil, nil},
		{"filed: who filed it, and agents", nil, []cases.Event{filed}, []uint16{requester, agent}},
		{"filed by an agent: once, as the one who filed it", func(c *cases.Case) {
			c.Participants[0] = cases.Participant{No: 1, Person: "desk", Address: address("desk@north.example"), Role: cases.RoleRequester}
		}, []cases.Event{filed}, []uint16{requester}},
		{"a message: all but the author", nil, []cases.Event{message(by(agent))}, []uint16{requester, anna, guest}},
		{"a message by an author known by the address alone", nil, []cases.Event{message(cases.Actor{Address: address("IT@acme.example")})}, []uint16{agent, anna, guest}},
		{"a message from the author's other address", nil, []cases.Event{message(cases.Actor{Address: address("anna@south.example")})}, []uint16{requester, agent, guest}},
		{"a message by somebody of a group", nil, []cases.Event{message(cases.Actor{Address: address("eve@acme.example")})}, []uint16{requester, agent, anna, guest}},
		{"two messages: each hears of the other's", nil, []cases.Event{message(by(agent)), message(by(anna))}, []uint16{requester, agent, anna, guest}},
		{"shared: who was added", nil, []cases.Event{{Type: cases.EventShared, Actor: by(agent), Participant: guest}}, []uint16{guest}},
		{"automatic mail, and leaving: nobody (R78)", nil, []cases.Event{{Type: cases.EventAuto, Actor: by(agent)}, {Type: cases.EventLeft, Participant: guest}}, nil},
		{"who has left hears nothing", func(c *cases.Case) { c.Participants[3].Left = at(9, 0) }, []cases.Event{message(by(agent))}, []uint16{requester, anna}},
		{"a guest who is a person's other address: once (R70)", func(c *cases.Case) {
			c.Participants[3].Address = address("anna@corp.example")
		}, []cases.Event{message(by(agent))}, []uint16{requester, anna}},
		{"the same guest twice: once (R70)", func(c *cases.Case) {
			c.Participants[3].Address = address("It@acme.example")
		}, []cases.Event{message(by(agent))}, []uint16{requester, anna}},
		{"an intake, even another reseller's: never (T87)", func(c *cases.Case) {
			c.Participants[0].Address = address("support+acme.example@north.example")
			c.Participants[3].Address = address("Support@south.example")
		}, []cases.Event{message(by(agent))}, []uint16{anna}},
		{"nobody's address", func(c *cases.Case) { c.Participants[0].Address = mailer.Address{} }, []cases.Event{filed}, []uint16{agent}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := story()
			if tt.change != nil {
				tt.change(c)
			}
			if got := Audience(d, c, tt.events); !slices.Equal(got, tt.want) {
				t.Errorf("participants %v hear of it, want %v", got, tt.want)
			}
		})
	}
}

// The desk takes it as it is, and the queue the renderer.
var (
	_ cases.Audience = Audience
	_ mailer.Content = (*Renderer)(nil)
)

// TestAudienceProperties: whatever the sharing list and the events, nobody is told
// twice, nobody of what they did, none who left, and none is forgotten.
func TestAudienceProperties(t *testing.T) {
	d := world(t, "en")
	boxes := []string{
		"anna@north.example", "anna@corp.example", "anna@south.example", "bo@corp.example", "desk@agents.example", "chen@corp.example",
		"it@acme.example", "IT@acme.example", "guest@partner.example", "support@north.example", "support+x@south.example",
	}
	rapid.Check(t, func(t *rapid.T) {
		c := &cases.Case{ID: cases.CaseID{Reseller: "north", N: 1}}
		for i := range rapid.IntRange(0, 8).Draw(t, "entries") {
			p := cases.Participant{No: uint16(i + 1), Address: address(rapid.SampledFrom(boxes).Draw(t, "address"))}
			p.Role = rapid.SampledFrom([]cases.Role{cases.RoleRequester, cases.RoleAgent, cases.RoleShared}).Draw(t, "role")
			if person := d.PersonAt(p.Address); person != nil && rapid.Bool().Draw(t, "known") {
				p.Person = person.ID
			}
			if rapid.IntRange(0, 4).Draw(t, "left") == 0 {
				p.Left = at(9, 0)
			}
			c.Participants = append(c.Participants, p)
		}
		e := cases.Event{Type: cases.EventMessage, Actor: cases.Actor{Address: address(rapid.SampledFrom(boxes).Draw(t, "author"))}}
		got := Audience(d, c, []cases.Event{e})

		told := map[string]bool{}
		for i, no := range got {
			p := c.Participant(no)
			who := identity(d, p.Address)
			switch {
			case i > 0 && got[i-1] >= no:
				t.Errorf("%v is not in order", got)
			case !p.Active():
				t.Errorf("entry %d has left, and is told", no)
			case who == "":
				t.Errorf("entry %d is our own address %s, and is told (T87)", no, p.Address)
			case who == identity(d, e.Actor.Address):
				t.Errorf("entry %d wrote the message, and is told", no)
			case told[who]:
				t.Errorf("%s is told twice (R70)", who)
			}
			told[who] = true
		}
		for _, p := range c.Participants {
			who := identity(d, p.Address)
			if p.Active() && who != "" && who != identity(d, e.Actor.Address) && !told[who] {
				t.Errorf("%s is not told", who)
			}
		}
	})
}

// identity is who reads mail at an address; "" for ourselves.
func identity(d *cases.Directory, a mailer.Address) string {
	if r, _ := d.Intake(a); r != nil {
		return ""
	}
	if person := d.PersonAt(a); person != nil {
		return person.ID
	}
	return fmt.Sprint(a.Key())
}
