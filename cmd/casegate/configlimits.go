package main

import "casegate/cases"

// limitsConfig is the budgets that stop automatic mail; see cases.Limits.
type limitsConfig struct {
	SenderCaseHour int `toml:"sender_case_hour"`
	SenderCaseDay  int `toml:"sender_case_day"`
	CaseHour       int `toml:"case_hour"`
	SenderHour     int `toml:"sender_hour"`
	DomainHour     int `toml:"domain_hour"`
	SameTextHour   int `toml:"same_text_hour"`
	GuessesHour    int `toml:"guesses_hour"`
}

func defaultLimits() limitsConfig {
	return limitsConfig{
		SenderCaseHour: 10, SenderCaseDay: 30, CaseHour: 100, SenderHour: 100, DomainHour: 1000, SameTextHour: 3, GuessesHour: 20,
	}
}

func (c *config) checkLimits(bad *complaints) {
	l := c.Limits
	for _, limit := range []struct {
		key   string
		value int
	}{
		{"sender_case_hour", l.SenderCaseHour}, {"sender_case_day", l.SenderCaseDay}, {"case_hour", l.CaseHour}, {"sender_hour", l.SenderHour},
		{"domain_hour", l.DomainHour}, {"same_text_hour", l.SameTextHour}, {"guesses_hour", l.GuessesHour},
	} {
		between(bad, "limits."+limit.key, limit.value, 1, 1_000_000)
	}
	if l.SenderCaseDay < l.SenderCaseHour {
		bad.add("limits.sender_case_day", "%d is less than the %d of sender_case_hour, which would never count", l.SenderCaseDay, l.SenderCaseHour)
	}
}

func (l limitsConfig) budgets() cases.Limits { return cases.Limits(l) }
