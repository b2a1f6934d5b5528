package kind

import (
	"strings"

	"casegate/mailer"
)

// monitorDomains are those that monitoring services send their alerts from,
// by themselves; people of these firms write from elsewhere, or not to a desk.
var monitorDomains = map[string]bool{
	"uptimerobot.com": true, "alerts.uptimerobot.com": true, "statuscake.com": true, "hund.io": true, "healthchecks.io": true,
	"dtdg.co": true, "dtdg.eu": true, "md.getsentry.com": true, "alerts.newrelic.com": true, "freshping.io": true,
	"betteruptime.com": true, "alerts.betterstack.com": true, "updown.io": true, "site24x7.com": true,
	"site24x7alert.com": true,
	"monitis.com":       true, "pingdom.com": true, "opsgenie.net": true, "eu.opsgenie.net": true, "deadmanssnitch.com": true,
	"cronitor.io":     true,
	"hetrixtools.com": true, "uptime.com": true, "statuspage.io": true, "montastic.com": true, "alertsite.com": true,
	"alert.victorops.com": true, "logicmonitor.com": true, "librato.com": true, "pagerduty.com": true,
}

// monitorLocals are the names of systems, under which they write and people do
// not.
var monitorLocals = map[string]bool{
	"nagios": true, "icinga": true, "icinga2": true, "zabbix": true, "alertmanager": true, "prometheus": true, "grafana": true,
	"alerting-noreply": true, "monit": true, "munin": true, "cacti": true, "prtg": true, "checkmk": true, "check_mk": true,
	"centreon": true, "netdata": true, "zenoss": true, "opennms": true, "sensu": true, "logwatch": true, "cron": true, "smartd": true,
	"mdadm": true, "fail2ban": true, "apcupsd": true, "azure-noreply": true, "op5": true, "librenms": true, "observium": true,
	"graylog": true, "splunk": true, "wazuh": true, "ossec": true, "solarwinds": true, "thruk": true, "naemon": true, "shinken": true,
	"uptime-kuma": true, "datadog": true, "newrelic": true, "opsgenie": true, "pagerduty": true, "sentry": true,
}

// officeLocals are those of people's offices as well as of systems.
var officeLocals = map[string]bool{
	"alert": true, "alerts": true, "alerting": true, "monitor": true, "monitoring": true, "root": true, "nut": true, "backup": true,
	"no-reply": true, "noreply": true, "do-not-reply": true, "donotreply": true, "notification": true, "notifications": true,
	"whatsup": true, "pandora": true, "uptime": true, "kuma": true, "watchdog": true, "statuspage": true, "nms": true, "mon": true,
}

// alertSubjects begin the subjects of alerts, in lower case, as systems write
// them and people do not; with looseSubjects people begin theirs, too.
var (
	alertSubjects = []string{
		"** problem", "** recovery", "** acknowledgement", "** flapping", "** downtime", "*** problem", "*** recovery",
		"problem service alert", "problem host alert", "[firing:", "[resolved:", "[alerting] ", "[no data] ", "[pagerduty", "[opsgenie",
		"[nagios", "[icinga", "[zabbix", "[sentry", "[fail2ban]", "[grafana]", "[prtg", "[monitor alert", "triggered #", "alarm: \"",
		"ok: \"", "insufficient_data: \"", "monitor is down", "monitor is up", "cron <", "anacron job", "monit alert", "logwatch for",
		"smart error (", "fail event on /dev", "degradedarray event on", "rebuildfinished event on", "sparesmissing event on",
		"azure: activated", "azure: deactivated", "azure monitor alert", "check_mk: ", "checkmk: ", "munin notification", "ossec notification",
		"ossec alert", "wazuh notification",
	}
	looseSubjects = []string{
		"problem - ", "problem on ", "recovery - ", "recovery on ", "[problem]", "[recovery]", "[ok]", "problem: ", "ok: ", "resolved: ",
		"resolved in ", "updated problem", "problem acknowledged", "[firing", "[resolved", "[pending]", "[alert]", "[critical]", "[warning]",
		"[triggered", "[recovered", "triggered: ", "down alert", "up alert", "[alert - ", "alert firing", "alert resolved", "acknowledged: ",
		"host down", "host up", "service down", "critical alert", "critical: ", "warning: host", "security alert for",
	}
)

// monitoring is an alert. A sender's name and a form of subject are wanted
// together, or what nobody but such a system writes.
func monitoring(_ *Mail, s *signals) (Result, bool) {
	why := ""
	system := monitorLocals[s.sender.local] || s.isAuto()
	switch {
	case s.monitor != "":
		why = s.monitor + " field"
	case strings.Contains(s.sender.name, "cron daemon"), strings.Contains(s.sender.name, "anacron"):
		why = "sent by cron"
	case s.reply && !s.isAuto():
		return Result{}, false // a person answers an alert
	case monitorDomains[s.sender.domain] && isMachineLocal(s.sender.local):
		why = "sent by a monitoring service"
	case (system || officeLocals[s.sender.local]) && beginsWith(s.subject, alertSubjects) != "", system && beginsWith(s.subject, looseSubjects) != "":
		why = "sender and subject of an alert"
	case s.sender.local == "alerting-noreply" && s.sender.domain == "google.com":
		why = "Google Cloud alerting"
	default:
		return Result{}, false
	}
	return Result{Kind: mailer.KindMonitoring, Automatic: true, Why: why}, true
}

// isMachineLocal tells local parts that stand for a service.
func isMachineLocal(local string) bool {
	return monitorLocals[local] || officeLocals[local] || strings.HasPrefix(local, "alert") || strings.HasPrefix(local, "no-reply") ||
		strings.HasPrefix(local, "noreply")
}
