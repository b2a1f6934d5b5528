package kind

// worded is what the words of a diagnostic mean (RFC 3463 3). The class is
// that of the usual case; a reply code beside the words decides otherwise.
type worded struct {
	status string
	words  []string
}

// wordings are tried in order: the more special before the more general.
var wordings = []worded{
	{"5.2.2", []string{
		"mailbox full", "mailbox is full", "mail box full", "mailfolder is full", "mail folder is full", "over quota",
		"overquota", "quota exceeded", "exceeded quota", "exceeds quota", "exceeded storage", "storage limit",
		"disk quota", "quota has been", "over the quota", "mailbox size limit", "mailbox exceeded", "mailbox has exceeded",
		"out of storage", "insufficient disk", "not enough storage", "not enough disk space", "inbox is full",
		"mailbox quota", "over the maximum allowed",
		"account is full", "too many messages in", "user is over", "maildir over", "boîte pleine", "boite pleine",
		"quota dépassé", "postfach voll", "postfach ist voll", "speicherplatz", "skrzynka pełna", "skrzynka jest pełna",
		"przekroczon", "casella piena",
		"brevlådan är full", "kotak surat penuh", "kotak masuk penuh", "信箱已滿", "邮箱已满", "容量不足", "容量オーバー", "容量を超",
		"переполнен", "buzón lleno", "caixa cheia", "mailbox for user is full", "exceeded the local limit",
		"exceeds allowed size", "exceeds the allowed", "user has exhausted",
	}},
	{"5.2.1", []string{
		"account has been disabled", "account disabled", "account is disabled", "mailbox disabled", "mailbox is disabled",
		"user disabled", "account inactive", "inactive user", "account that you tried to reach is disabled",
		"account is inactive", "mailbox is inactive",
		"mailbox inactive", "user is inactive", "not active", "account suspended", "account has been suspended",
		"user suspended", "no longer active", "no longer in use", "account closed", "been discontinued",
		"has been deactivated", "account expired", "mailbox locked",
		"mailbox temporarily disabled", "user account is expired", "temporarily locked", "konto deaktywowane",
		"konto zablokowane", "帳號已停用",
	}},
	{"5.3.4", []string{
		"message too large", "message too big", "message size exceeds", "message is too large", "message is too big",
		"exceeds size limit", "size limit exceeded", "exceeds fixed maximum message size", "exceeds the maximum",
		"exceeds maximum", "max message size", "maximum message size",
		"maximum size", "size exceeds", "too large", "too big", "message length exceeds", "larger than",
		"message file too big", "za duż", "troppo grande", "för stor", "terlalu besar", "zu groß", "trop volumineux", "郵件過大",
		"邮件过大", "サイズが大き", "サイズ超過",
	}},
	{"4.4.7", []string{
		"retry timeout exceeded", "retry time not reached", "retry limit", "delivery time expired", "message expired",
		"has expired", "expired", "in the queue too long", "queue too long", "failing for a long time", "delivery timed out",
		"too long to deliver", "been in queue",
		"failed to be delivered for", "could not be delivered for", "not be delivered for more than", "giving up after",
		"maximum queue", "undelivered for", "delivery time-out", "unable to deliver this message after", "retries exceeded",
	}},
	{"5.4.6", []string{"mail loop", "loop detected", "looping", "loops back to myself", "too many hops", "hop count", "maximum hop", "mail forwarding loop", "delivery loop", "routing loop", "loop!"}},
	{"5.1.2", []string{
		"because the domain", "host unknown", "unknown host", "host not found", "domain not found", "no such domain", "domain does not exist",
		"unrouteable mail domain", "unrouteable address", "unroutable address", "unrouteable", "name service error",
		"nxdomain", "non-existent domain", "domain name not found",
		"couldn't find any host", "couldn't find a mail exchanger", "bad destination host", "invalid domain",
		"host or domain name not found", "no mx", "no route found to domain", "illegal host", "domain is not valid",
		"unknown mail domain", "no mail exchanger", "name or service not known",
		"all relevant mx records point to non-existent", "address lookup failed", "dns lookup failure", "dns failure",
		"cannot resolve", "unable to resolve", "domena nie istnieje", "lookup failed", "sorry, i couldn't find any host",
		"cannot find your domain",
	}},
	{"5.1.1", []string{
		"user unknown", "unknown user", "no such user", "unknown recipient", "recipient unknown", "no such recipient",
		"user doesn't exist", "user does not exist", "doesn't have", "does not exist", "doesn't exist", "may not exist", "no mailbox",
		"mailbox not found", "mailbox unavailable", "no such mailbox",
		"mailbox does not", "not a valid mailbox", "invalid mailbox", "invalid recipient", "invalid user", "unknown address",
		"address unknown", "no such address", "bad recipient", "bad destination mailbox", "user not found",
		"recipient not found", "not found in", "not our customer", "not listed in",
		"unknown local", "invalid address", "recipient rejected", "account not available", "no account", "account does not",
		"no longer available", "no longer valid", "not known at", "address not found", "wasn't found", "couldn't be found",
		"could not be found", "can't be found", "not found", "unknown mailbox",
		"recipnotfound", "unknown or illegal alias", "delivery address unknown", "no valid recipients", "nosuchuser",
		"isn't in my", "not a known user", "unknown account", "address rejected", "unknown destination",
		"mailbox name not allowed", "no one by that name", "who does not", "undeliverable address", "has no mailbox",
		"is not a user", "unlisted", "no user with that name", "inconnu", "unbekannt", "existiert nicht", "nicht gefunden",
		"nie istnieje", "nieznany", "brak takiego", "okänd", "finns inte", "non esiste", "sconosciuto", "utente sconosciuto",
		"tidak ditemukan", "tidak dikenal", "tidak ada",
		"desconocido", "no existe", "não existe", "não encontrado", "desconhecido", "onbekend", "neexistuje", "не найден",
		"не существует", "нет такого", "無此", "不存在", "查無", "找不到", "存在しません", "見つかりません", "見つからない", "宛先不明", "존재하지", "미확인",
	}},
	{"5.7.1", []string{
		"relaying denied", "relay denied", "relay not permitted", "relaying not", "relay access denied",
		"not permitted to relay", "unable to relay", "we do not relay", "no relaying", "relaying prohibited", "blocked",
		"blacklist", "blocklist", "black list", "spam", "policy", "denied", "not authorized", "not authorised",
		"not allowed", "unauthorized", "prohibited", "not permitted", "spf", "dmarc", "dkim", "reputation", "refused by",
		"rejected for", "content rejected", "virus", "banned", "rejected", "not a member", "not member", "permission",
		"unsolicited", "reject", "bulk mail", "restricted", "authentication required",
		"odrzucon", "rifiutato", "avvisad", "ditolak", "abgelehnt", "rejeté", "rechazado", "rejeitad", "geweigerd",
		"отклонен", "拒絕", "拒绝", "拒否",
	}},
	{"4.4.2", []string{"lost connection", "connection lost", "connection dropped", "connection closed", "connection reset", "timed out while", "connection terminated", "conversation", "disconnected"}},
	{"4.4.1", []string{
		"connection refused", "connection timed out", "connection timeout", "no route to host", "network is unreachable",
		"network unreachable", "could not connect", "couldn't connect", "unable to connect", "cannot connect",
		"can't connect", "not reachable", "host unreachable", "timed out", "timeout", "no answer from host",
		"not responding",
		"establish an smtp connection", "connect to", "network error", "failed to connect", "operation timed out",
		"unreachable",
	}},
	{"4.3.2", []string{"system not accepting", "service unavailable", "service not available", "temporarily unavailable", "server busy", "too busy", "shutting down", "try again later", "temporarily deferred", "too many connections", "rate limit"}},
	{"5.3.0", []string{"command died", "unknown mailer error", "procmail", "local configuration error", "local error", "mailer error", "system error", "internal error", "internal server error", "i/o error", "pipe to"}},
}

// wordedStatus is the status that a text in lower case stands for; "" for none.
func wordedStatus(low string) string {
	if i := statusPhrases.find(low); i >= 0 {
		return wordings[i].status
	}
	return ""
}

var statusPhrases = newPhrases(wordLists()...)

func wordLists() [][]string {
	lists := make([][]string, len(wordings))
	for i, w := range wordings {
		lists[i] = w.words
	}
	return lists
}
