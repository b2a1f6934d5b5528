package calendar

import (
	"strconv"
	"strings"
	"time"
)

// Forms of a date and a time (RFC 5545 3.3.4, 3.3.5).
const (
	formDay  = "20060102"
	formTime = "20060102T150405"
	showDay  = "2006-01-02"
	showTime = "2006-01-02 15:04"
)

// time writes a point in time as it stands there, with its zone. What is no
// time is shown as it is.
func (p property) time() string {
	v := oneLine(p.value)
	if d, err := time.Parse(formDay, v); err == nil {
		return d.Format(showDay)
	}
	t, err := time.Parse(formTime, strings.TrimSuffix(v, "Z"))
	zone := p.param("TZID")
	switch {
	case err != nil:
		return v
	case strings.HasSuffix(v, "Z"):
		return t.Format(showTime) + " UTC"
	case zone != "":
		return t.Format(showTime) + " (" + zone + ")"
	}
	return t.Format(showTime)
}

// end writes an end. Of days it is the first that is no part of the event, which
// no person would say (RFC 5545 3.6.1).
func (p property) end() string {
	if d, err := time.Parse(formDay, oneLine(p.value)); err == nil {
		return d.AddDate(0, 0, -1).Format(showDay)
	}
	return p.time()
}

// when joins start and end; the day is said once where it is one.
func (e Event) when() string {
	day, zone := len(showDay), len(showTime) // where in a time they end and begin
	switch {
	case e.End == "" && e.Duration != "" && e.Start != "":
		return e.Start + ", for " + e.Duration
	case e.End == "" || e.End == e.Start:
		return e.Start
	case e.Start == "":
		return "until " + e.End
	case isTime(e.Start) && isTime(e.End) && e.Start[zone:] == e.End[zone:]:
		if e.Start[:day] == e.End[:day] {
			return e.Start[:zone] + " to" + e.End[day:]
		}
		return e.Start[:zone] + " to " + e.End
	}
	return e.Start + " to " + e.End
}

// isTime tells whether s begins with a day and a time.
func isTime(s string) bool {
	_, err := time.Parse(showTime, s[:min(len(s), len(showTime))])
	return err == nil
}

// duration writes RFC 5545 3.3.6 for people; what it cannot read stays.
func (p property) duration() string {
	names := map[byte]string{'W': "week", 'D': "day", 'H': "h", 'M': "min", 'S': "s"}
	v := oneLine(p.value)
	rest, ok := strings.CutPrefix(strings.TrimPrefix(v, "+"), "P")
	if !ok {
		return v
	}
	var parts []string
	for rest = strings.ReplaceAll(rest, "T", ""); rest != ""; {
		i := 0
		for i < len(rest) && rest[i] >= '0' && rest[i] <= '9' {
			i++
		}
		n, err := strconv.Atoi(rest[:i])
		if err != nil || i == len(rest) || names[rest[i]] == "" {
			return v
		}
		if n > 0 {
			parts = append(parts, count(n, names[rest[i]]))
		}
		rest = rest[i+1:]
	}
	return strings.Join(parts, " ")
}

// count writes a number with its unit.
func count(n int, unit string) string {
	if n != 1 && (unit == "week" || unit == "day") {
		unit += "s"
	}
	return strconv.Itoa(n) + " " + unit
}

// rule writes a recurrence rule in short (RFC 5545 3.3.10).
func (p property) rule() string {
	parts := map[string]string{}
	for part := range strings.SplitSeq(strings.ToUpper(oneLine(p.value)), ";") {
		if key, value, ok := strings.Cut(part, "="); ok {
			parts[key] = value
		}
	}
	// What is not said here, such as BYSETPOS, is rare and would need a sentence.
	unit := map[string]string{
		"SECONDLY": "second", "MINUTELY": "minute", "HOURLY": "hour", "DAILY": "day",
		"WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year",
	}[parts["FREQ"]]
	if unit == "" {
		return oneLine(p.value)
	}
	out := "every " + unit
	if n := parts["INTERVAL"]; n != "" && n != "1" {
		out = "every " + n + " " + unit + "s"
	}
	if days := ruleDays(parts["BYDAY"]); days != "" {
		out += " on " + days
	}
	if n := parts["BYMONTHDAY"]; n != "" {
		out += " on day " + n
	}
	if n := parts["COUNT"]; n != "" {
		out += ", " + n + " times"
	}
	if v := parts["UNTIL"]; v != "" {
		out += ", until " + property{value: v}.time()
	}
	return out
}

// ruleDays writes a BYDAY part: "MO,2TU,-1FR".
func ruleDays(s string) string {
	names := map[string]string{"MO": "Mon", "TU": "Tue", "WE": "Wed", "TH": "Thu", "FR": "Fri", "SA": "Sat", "SU": "Sun"}
	which := map[string]string{"1": "the first ", "2": "the second ", "3": "the third ", "4": "the fourth ", "-1": "the last "}
	var days []string
	for day := range strings.SplitSeq(s, ",") {
		if len(day) < 2 {
			continue
		}
		name := names[day[len(day)-2:]]
		if name == "" {
			continue
		}
		days = append(days, which[day[:len(day)-2]]+name)
	}
	return strings.Join(days, ", ")
}
