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

// monitorLocals are local parts under which monitoring systems write.
var monitorLocals = map[string]bool{
	"nagios": true, "icinga": true, "icinga2": true, "zabbix": true, "alertmanager": true, "prometheus": true, "grafana": true,
	"alert": true, "alerts": true, "alerting": true, "alerting-noreply": true, "monitor": true, "monitoring": true,
	"monit": true,
	"munin": true, "cacti": true, "prtg": true, "checkmk": true, "check_mk": true, "centreon": true, "netdata": true,
	"zenoss":  true,
	"opennms": true, "sensu": true, "logwatch": true, "root": true, "cron": true, "smartd": true, "mdadm": true,
	"fail2ban": true,
	"apcupsd":  true, "nut": true, "backup": true, "no-reply": true, "noreply": true, "do-not-reply": true, "donotreply": true,
	"notification": true, "notifications": true, "azure-noreply": true, "op5": true, "librenms": true, "observium": true,
	"graylog": true, "splunk": true, "wazuh": true, "ossec": true, "solarwinds": true, "whatsup": true, "pandora": true,
	"thruk":  true,
	"naemon": true, "shinken": true, "uptime": true, "uptime-kuma": true, "kuma": true, "watchdog": true, "statuspage": true,
	"datadog": true, "newrelic": true, "opsgenie": true, "pagerduty": true, "sentry": true, "nms": true, "mon": true,
}

// monitorSubjects begin the subjects of alerts, in lower case.
var monitorSubjects = []string{
	"** problem", "** recovery", "** acknowledgement", "** flapping", "** downtime", "*** problem", "*** recovery",
	"problem service alert", "problem host alert", "problem - ", "problem on ", "recovery - ", "recovery on ", "[problem]",
	"[recovery]", "[ok]",
	"problem: ", "ok: ", "resolved: ", "resolved in ", "updated problem", "problem acknowledged",
	"[firing", "[resolved", "[alerting]", "[no data]", "[pending]", "[alert]", "[critical]", "[warning]", "[triggered",
	"[recovered",
	"[grafana]", "[monitor alert", "[pagerduty", "[opsgenie", "[nagios", "[icinga", "[zabbix", "[sentry", "[fail2ban]",
	"triggered: ", "triggered #", "alarm: \"", "ok: \"", "insufficient_data: \"", "monitor is down", "monitor is up",
	"down alert", "up alert",
	"cron <", "anacron job", "monit alert", "logwatch for", "smart error", "fail event on ", "degradedarray event on",
	"rebuildfinished event on",
	"sparesmissing event on", "[alert - ", "azure: activated", "azure: deactivated", "azure monitor alert", "alert firing",
	"alert resolved",
	"acknowledged: ", "host down", "host up", "service down", "critical alert", "critical: ", "warning: host", "check_mk: ",
	"checkmk: ",
	"[prtg", "munin notification", "ossec ", "wazuh notification", "security alert for",
}

// monitoring is an alert. A sender's name and a form of subject are wanted
// together, or what nobody but such a system writes.
func monitoring(_ *Mail, s *signals) (Result, bool) {
	why := ""
	switch {
	case s.monitor != "":
		why = s.monitor + " field"
	case strings.Contains(s.sender.name, "cron daemon"), strings.Contains(s.sender.name, "anacron"):
		why = "sent by cron"
	case s.reply && !s.isAuto():
		return Result{}, false // a person answers an alert
	case monitorDomains[s.sender.domain] && isMachineLocal(s.sender.local):
		why = "sent by a monitoring service"
	case (monitorLocals[s.sender.local] || s.isAuto()) && beginsWith(s.subject, monitorSubjects) != "":
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
	return monitorLocals[local] || strings.HasPrefix(local, "alert") || strings.HasPrefix(local, "no-reply") ||
		strings.HasPrefix(local, "noreply")
}
