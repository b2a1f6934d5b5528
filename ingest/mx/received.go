package mx

import (
	"fmt"
	"time"

	"casegate/mailer"
)

// received is our trace header (RFC 5321 4.4). It has no "for": a mail to two
// tenants must not tell either of the other (T33).
func received(m *mailer.Mail, protocol, hostname string) string {
	from := m.Envelope.Helo
	if ip := m.Envelope.Remote; ip.Is6() {
		from += " ([IPv6:" + ip.String() + "])"
	} else if ip.IsValid() {
		from += " ([" + ip.String() + "])"
	}
	return fmt.Sprintf("Received: from %s\r\n\tby %s with %s id %s;\r\n\t%s\r\n",
		from, hostname, protocol, m.ID, m.Received.Format(time.RFC1123Z))
}
