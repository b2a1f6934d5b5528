package kind

// The words of the mail servers of the world, all in lower case. No list
// decides anything on its own: see textBounce and notice.

// bounceSubjects begin the subjects of bounces.
var bounceSubjects = []string{
	"undeliver", "undelivered", "returned mail", "returned to sender", "returned e-mail", "returned message", "return mail",
	"return to sender",
	"mail delivery failed", "mail delivery failure", "mail delivery error", "mail delivery status", "mail delivery problem",
	"mail delivery warning",
	"mail delivery notification", "mail delivery report", "mail delivery system", "mail failure", "mail system error",
	"mail could not be delivered", "mail non-delivery",
	"message could not be delivered", "message delivery has failed", "message delivery fail", "message undeliverable",
	"message not delivered", "message status - undeliverable",
	"message rejected", "message delayed", "message blocked", "email delivery failure", "e-mail delivery fail",
	"e-mail delivery error", "email delivery error",
	"delivery status notification", "delivery status", "delivery failure", "delivery failed", "delivery error",
	"delivery report", "delivery notification", "delivery problem",
	"delivery has failed", "delivery unsuccessful", "delivery delayed", "delivery to ", "failed delivery", "failed mail",
	"failed message",
	"failure delivery", "failure notice", "failure: ", "fail to deliver", "failed to deliver", "permanent delivery failure",
	"permanent failure", "error sending", "error mail",
	"nondeliverable mail", "nondelivery", "non-delivery", "non delivery", "non-deliverable", "not delivered",
	"notice: mail delivery status", "notification d'état", "could not send message",
	"could not deliver", "couldn't deliver", "cannot deliver", "can't deliver", "cannot send", "unable to deliver",
	"unzustellbar", "rejected mail", "rejected: ", "automatically rejected mail",
	"sorry, your message could not be delivered", "sorry, we couldn't deliver", "your message could not be delivered",
	"your mail could not be delivered", "your message wasn't delivered",
	"there was an error sending your mail", "bounce", "bounced", "postmaster notify", "postmaster notification",
	"delayed mail", "warning: could not send message",
	"warning: message", "warning - delayed", "warning: delay", "user unknown", "unknown user", "recipient unknown",
	"unknown address", "email address not found", "address not found",
	"abgewiesen", "dsn: ", "[dsn]", "ndn: ", "ndr: ", "non remis", "non recapitabile", "systemadministrator",
	"problem delivering your mail", "problem delivering mail",
	"mdaemon notification", "mdaemon warning", "mail deliver fail", "mail status report", "considered unsolicited bulk",
	"banned contents", "spam notification",
	"loop alert", "mail loop", "not deliverable", "mail not delivered", "you are not a member", "you are not member",
	// pl, zh, sv, it, id
	"nie można dostarczyć", "niedostarczon", "nie dostarczono", "zwrot poczty", "zwrot wiadomości", "niedoręczon",
	"wiadomość nie została dostarczona", "błąd dostarcz",
	"無法傳遞", "無法傳送", "未傳遞", "傳遞狀態通知", "寄件失敗", "退信", "系统退信", "投递失败", "郵件無法", "邮件投递", "無法投遞", "遞送狀態", "傳送失敗", "郵件傳遞失敗",
	"kan inte levereras", "går inte att leverera", "olevererbar", "ej levererad", "inte levererat", "leveransfel",
	"returnerad", "meddelandet kunde inte levereras",
	"impossibile recapitare", "mancato recapito", "mancata consegna", "messaggio non recapitato", "consegna non riuscita",
	"recapito non riuscito", "avviso di mancata consegna",
	"tidak terkirim", "gagal terkirim", "pesan tidak terkirim", "gagal mengirim", "tidak dapat dikirim", "pengiriman gagal",
	// de, fr, es, pt, nl, da, no, fi, cs, sk, hu, ro, tr, ru, uk, ja, ko
	"nicht zugestellt", "nicht zustellbar", "zustellung fehlgeschlagen", "fehler bei der zustellung", "mail konnte nicht",
	"nachricht nicht zugestellt", "zustellbericht", "rücksendung",
	"non distribuable", "non délivré", "message non remis", "échec de la remise", "échec de livraison", "remise impossible",
	"non remise", "avis de non-remise", "courrier retourné",
	"no se puede entregar", "no entregado", "error de entrega", "fallo en la entrega", "correo no entregado",
	"no entregable", "correo devuelto", "notificación de estado de entrega",
	"não entregue", "não é possível entregar", "falha na entrega", "não foi possível entregar", "mensagem devolvida",
	"notificação de status",
	"onbestelbaar", "niet bezorgd", "kan niet worden bezorgd", "mislukte bezorging", "kan ikke leveres",
	"kunne ikke leveres", "uleveret", "ikke levert", "kan ikke levere",
	"ei voi toimittaa", "toimittamaton", "toimitus epäonnistui", "nedoručiteln", "nedoručen", "nedoručitelné",
	"kézbesíthetetlen", "kézbesítés sikertelen", "nelivrabil", "teslim edilemedi",
	"teslim edilemez", "недоставлен", "не доставлено", "не удалось доставить", "не може бути", "ошибка доставки",
	"ваше сообщение не доставлено", "возвращено", "недоставлено",
	"配信不能", "配送不能", "配信エラー", "配信できませんでした", "メールを配信できませ", "送信エラー", "送信できません", "メッセージを配信できませ", "エラーメール", "不達", "メール配送",
	"メールが送信できません",
	"배달 못함", "배달되지 않음", "반송", "전송 실패", "발송 실패",
}

// bounceMarks stand anywhere in such a subject.
var bounceMarks = []string{
	"message you sent blocked", "[bounce]", "退信", "(failure)", "(delay)", "(delayed)", "see transcript for details", "returning message to sender", "returned to sender",
	"returned mail", "non-delivery",
	"delivery failure", "delivery failed", "delivery status notification", "undeliverable", "undelivered", "mail failure",
	"could not be delivered", "not delivered", "mta-blocked",
	"are not member", "are not a member", "配信できません", "配信不能", "送信できません", "エラー", "郵便",
}

// bounceWords stand in the notice itself, above the mail that came back.
var bounceWords = []string{
	"could not be delivered", "couldn't be delivered", "cannot be delivered", "can not be delivered", "can't be delivered",
	"was not delivered", "wasn't delivered",
	"not been delivered", "has not been delivered", "not yet been delivered", "undeliverable", "undelivered",
	"unable to deliver", "able to deliver your", "wasn't able to deliver",
	"were unable to deliver", "failed to deliver", "delivery has failed", "delivery failed", "delivery failure",
	"delivery to the following", "permanent fatal errors", "had fatal errors", "had transient",
	"not delivered", "could not deliver", "couldn't deliver", "did not reach", "didn't reach", "error delivering",
	"error while delivering", "attempting to deliver", "trouble delivering", "problem delivering",
	"returned permanent errors", "delivery problems", "non-delivered", "exceeded the local limit", "rejected recipient", "is a permanent error", "permanent failure", "giving up on",
	"transcript of session follows", "this is the qmail", "mail delivery software",
	"user unknown", "unknown user", "no such user", "unknown recipient", "mailbox is full", "mailbox full", "over quota",
	"quota exceeded", "mailbox unavailable", "host unknown", "address not found",
	"recipient address rejected", "relaying denied", "invalid user", "invalid recipient", "no valid recipients",
	"delivery status notification", "undelivered message", "incorrectly constructed",
	"delayed for", "has been delayed", "returned to you", "message was rejected", "was rejected", "been rejected",
	"has been blocked", "was blocked", "not a member of this mailing list", "may not exist",
	"duplicated message-id", "delivery error", "errors occurred", "sending your mail", "final-recipient:",
	"an error was detected", "rejected for the following", "not deliverable", "was undeliverable", "undelivered mail",
	"non-delivery", "delivery report", "message delivery", "can't deliver", "cannot deliver", "did not like our",
	"nie mogła zostać dostarczona", "nie została dostarczona", "nie może zostać dostarczona", "nie można dostarczyć",
	"nie dostarczono", "dostarczenie nie powiodło", "nie udało się dostarczyć",
	"無法傳遞", "無法傳送", "未能", "退信", "無法投遞", "无法投递", "投递失败", "傳送失敗", "無法送達", "无法送达", "没有送达",
	"kunde inte levereras", "inte levereras", "inte levererats", "har inte kunnat", "leveransen misslyckades",
	"non recapitat", "non è stato possibile recapitare", "impossibile recapitare",
	"recapito non riuscito", "non è stato recapitato", "consegna non", "tidak dapat dikirim", "tidak terkirim", "gagal",
	"konnte nicht zugestellt", "nicht zugestellt", "konnte nicht an",
	"nicht ausgeliefert", "zustellung ist fehlgeschlagen", "unzustellbar", "n'a pas pu être", "n'a pu être", "non remis",
	"échec de la remise", "échec de livraison", "impossible de remettre", "no se pudo entregar", "no se ha podido",
	"error en la entrega", "no pudo ser entregado", "não pôde ser entregue", "não foi possível entregar", "falha na entrega",
	"kon niet worden", "niet worden bezorgd", "kunne ikke leveres", "ei voitu toimittaa",
	"nebylo možné doručit", "nelze doručit", "nem lehetett", "kézbesít", "teslim edilemedi", "не может быть доставлен",
	"не было доставлено", "не доставлен", "не удалось доставить", "не найден", "не вдалося",
	"配信できませ", "配送でき", "送信できませ", "お届けでき", "届けることができ", "配信不能", "送信に失敗", "エラー", "宛先不明", "不明な", "전송하지 못", "배달하지 못", "배달되지",
}

// delaySubjects and delayWords tell that delivery is still being tried.
var delaySubjects = []string{
	"(delay)", "(delayed)", "delayed", "still being retried", "warning: could not send message for past", "warning: message",
	"warning - delayed", ": warning", "delivery delay", "delay notification",
	"could not send message for past", "opóźnion", "延遲", "延迟", "遅延", "fördröj", "försenad", "ritardo", "ritardat",
	"tertunda", "verzögert", "verzögerung", "retardé", "retrasad", "atrasad", "vertraagd", "задерж", "задержк",
}

var delayWords = []string{
	"has been delayed", "is delayed", "not yet been delivered", "will be retried", "only a temporary failure",
	"this is a warning message only", "this is a warning only", "do not need to resend",
	"will keep trying", "continue trying", "attempts will continue", "will continue to try", "still being retried",
	"will be made to deliver", "delivery is delayed", "temporarily delayed", "delivery is still being attempted",
	"no action is required on your part", "you do not need to re-send", "being delayed", "we'll keep trying",
	"gmail will retry", "nie trzeba ponownie wysyłać", "będą podejmowane dalsze próby", "noch nicht zugestellt",
	"kommer att försöka", "nuovi tentativi", "akan dicoba lagi", "將繼續嘗試", "继续尝试",
}

// returnedMarks stand in the line above the mail that came back.
var returnedMarks = []string{
	"this is a copy of the message", "this is a copy of your message", "this is a copy of the headers",
	"below this line is a copy", "below is a copy of", "copy of the message header", "copy of the original message",
	"copy of your message", "original message follows", "original message headers", "original message header",
	"original message is following", "--- original message", "----- original mail", "original message below",
	"message headers follow", "message header follow", "headers follow", "message text follows",
	"the header of the original", "header of the original message", "the original message follows",
	"returned message follows", "returned message -",
	"unsent message below", "unsent message follows", "undelivered message follows", "-- message follows",
	"--message follows", "failed message follows", "returned mail follows", "text of the message follows",
	"------- the original", "---- begin of message", "----- message body follows",
	"--- message header", "----- message header", "--- returned mail", "--- undelivered message", "--- failed mail",
	"your message follows", "original mail as follows", "your original message", "first lines of your message",
	"nagłówki wiadomości oryginalnej", "oryginalne nagłówki", "ursprungliga meddelandet", "intestazioni originali",
	"intestazioni messaggio originale", "header pesan asli", "原始郵件標題", "原始邮件标头", "原始郵件標頭", "ursprüngliche nachrichtenkopf",
	"ursprüngliche kopfzeilen", "en-têtes de message d'origine", "encabezados de mensajes originales",
	"cabeçalhos de mensagem originais", "исходные заголовки", "заголовки исходного", "元のメッセージ ヘッダー", "元のメッセージのヘッダー",
}

// returnedLines are such lines as a whole.
var returnedLines = []string{
	"original message:", "original message", "message details:", "message header:", "original headers:",
	"the original message:", "header:", "headers:", "oryginalna wiadomość:", "原始郵件:", "元のメッセージ:", "messaggio originale:",
	"pesan asli:",
	"included is a copy of the message header:", "the message header:", "undelivered message:", "returned message:",
}

// recipientLabels stand before the colon in front of a recipient.
var recipientLabels = map[string]bool{
	"to": true, "recipient": true, "recipients": true, "recipient address": true, "recipient(s)": true,
	"failed recipient": true, "failed recipients": true, "failed address": true, "address": true, "addresses": true,
	"email address": true, "e-mail address": true, "e-mail": true, "email": true, "final-recipient": true,
	"original-recipient": true, "final recipient": true, "original recipient": true, "mailbox": true, "user": true,
	"addressed to": true, "intended recipient": true, "intended recipients": true, "addressee": true, "destination": true,
	"delivery to": true, "envelope-to": true, "unable to deliver message to": true, "user's mailbox is full": true,
	"undeliverable to": true, "unable to deliver to": true, "not delivered to": true, "failed to deliver to": true,
	"could not be delivered to": true, "your message to": true, "rcpt": true, "invalid address": true,
	"user unknown": true, "unknown user": true, "no such user": true, "mail to": true, "message to": true, "receiver": true,
	"sent to": true, "delivery failed": true, "delivery failure": true, "x-failed-recipients": true,
	"adresat": true, "odbiorca": true, "do": true, "adres": true, "收件人": true, "收件者": true, "mottagare": true, "till": true,
	"destinatario": true, "destinatari": true, "a": true, "penerima": true, "kepada": true,
	"empfänger": true, "an": true, "empfängeradresse": true, "destinataire": true, "à": true, "para": true,
	"destinatário": true, "ontvanger": true, "aan": true, "получатель": true, "кому": true, "адрес": true,
	"宛先": true, "送信先": true, "宛先アドレス": true, "あて先": true, "受信者": true, "受取人": true, "수신자": true, "받는 사람": true,
	"příjemce": true, "címzett": true, "alıcı": true,
}

// notRecipients stand in lines that name somebody else.
var notRecipients = []string{
	"mail from", "from:", "return-path", "reply-to", "sender:", "message-id", "message id", "messageid", "envelope-from",
	"envelope from", "contact", "assistance", "question", "for help", "http://", "https://", "cc:", "errors-to", "received:",
	"please send mail to", "send a message to", "e-mail us", "subject:", "smtp; ", "dns;", "reporting-mta", "content-",
	"boundary=", "absender", "expéditeur", "mittente", "nadawca", "отправитель", "送信者", "差出人", "寄件者", "发件人",
}

// structureWords are how mail servers speak to the sender of a mail, and label
// what they say; people do not, when they write about one.
var structureWords = []string{
	"created automatically", "automatically generated", "automatically created", "automatically rejected", "automated message",
	"system-generated", "this is the mail", "this is the qmail", "the mail system", "this report relates to",
	"following recipient", "following address", "following e-mail address", "following email address", "these recipients or groups",
	"recipients were affected", "was not delivered to:", "be delivered to:", "not delivered to:", "reach the following", "unable to deliver to:",
	"undeliverable to the following", "undelivered to the following", "fatal errors", "transcript of session", "delivery errors",
	"the original message was received", "message that you sent", "a message you sent", "the message you sent", "your message to:",
	"your mail sent on", "could not be delivered because of", "failed to deliver to", "failed address", "failed recipient",
	"delivery to this recipient", "diagnostic information", "generating server", "diagnostic code:", "diagnostic-code:", "final-recipient:",
	"mail from:", "rcpt to:", "<<< ", ">>> ", "this is a permanent error", "error message below", "reason for the problem", "reason for return",
	"original message follows", "returned mail follows",
	"the user(s) account is", "did not receive this message", "did not receive your message", "in reply to rcpt", "addresses had delivery",
	"non-delivered information", "full details follow", "rejected recipient", "failed recipient(s)", "had permanent delivery failure",
	"said: 4", "said: 5", "not a member of this mailing list", "您寄往", "无法送达", "無法送達", "无法投递", "無法投遞", "session transcript", "unknown user: ", "user unknown: ",
	"nie można dostarczyć wiadomości do następujących", "do następujących adresatów", "został wygenerowany automatycznie",
	"informacje diagnostyczne", "następujących odbiorców",
	"無法傳遞給", "以下收件", "下列收件", "下列收信", "退信原因", "退回原因", "原邮件信息", "收件人", "收件者", "診斷資訊", "诊断信息",
	"följande mottagare", "diagnostisk information", "skapades automatiskt", "ai seguenti destinatari", "seguenti indirizzi",
	"informazioni di diagnostica", "generato automaticamente", "alamat berikut", "penerima berikut", "secara otomatis",
	"folgende empfänger", "folgenden empfänger", "diagnoseinformationen", "automatisch erstellt", "automatisch generiert",
	"destinataires suivants", "informations de diagnostic", "généré automatiquement", "siguientes destinatarios", "siguientes direcciones",
	"información de diagnóstico", "generado automáticamente", "seguintes destinatários", "informações de diagnóstico",
	"volgende geadresseerde", "følgende modtager", "følgende mottaker", "seuraavia vastaanottaj", "следующим получател", "адресатам",
	"создано автоматически", "автоматически создан", "次の受信者", "次のあて先", "以下の宛先", "以下のあて先", "次の宛先", "自動的に", "다음 받는 사람",
}
