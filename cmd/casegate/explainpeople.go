package main

import (
	"fmt"
	"io"
	"strings"
)

// How much people are shown of what may be long; --json has all of it.
const (
	maxReplyLines  = 200
	maxElidedLines = 3
	maxLineLength  = 400 // characters
	maxListed      = 20  // addresses, references, attachments …
)

// printFile shows people what was read of a file, and what would become of it.
func printFile(w io.Writer, a *fileAnswer) error {
	if a.Message == nil {
		fmt.Fprintln(w, "Not read: "+oneLine(a.Error))
		return nil
	}
	if err := printMessage(w, a.Message); err != nil {
		return err
	}
	fmt.Fprint(w, "\nDry run: nothing is stored, and the mail keeps no id.\n\n")
	switch {
	case a.Error != "":
		fmt.Fprintln(w, "Not decided: "+oneLine(a.Error))
	case a.Decision != "":
		fmt.Fprintln(w, "Not decided: "+oneLine(a.Decision))
	}
	return printRecords(w, a.Records)
}

func printMessage(w io.Writer, m *messageAnswer) error {
	fmt.Fprintln(w, "Message")
	if err := printFacts(w, m); err != nil {
		return err
	}
	if m.Reply == "" && m.Elided == "" && m.Signature == "" {
		printText(w, "Text", m.Text, maxReplyLines)
	} else {
		printText(w, "Reply", m.Reply, maxReplyLines)
		printText(w, "Elided", m.Elided, maxElidedLines)
		printText(w, "Signature", m.Signature, maxReplyLines)
	}
	for _, print := range []func(io.Writer, *messageAnswer) error{printBounces, printAttachments, printThreadKeys} {
		if err := print(w, m); err != nil {
			return err
		}
	}
	printList(w, "Marks", m.Marks)
	printList(w, "Charset repairs", m.CharsetRepairs)
	printList(w, "Not shown", m.Limits)
	if m.Failure != "" {
		printList(w, "Failure", []string{m.Failure})
	}
	return nil
}

// printFacts shows the header and what follows from it; what is not there, is
// not mentioned.
func printFacts(w io.Writer, m *messageAnswer) error {
	t := indented(w)
	fact := func(name, value string) {
		if value != "" {
			t.row(name, value)
		}
	}
	fact("From", boxes(m.From))
	fact("To", boxes(m.To))
	fact("Cc", boxes(m.Cc))
	fact("Reply-To", boxes(m.ReplyTo))
	fact("Subject", m.Subject)
	fact("Date", m.Date)
	fact("Message-ID", m.MessageID)
	kind := string(m.Kind)
	if m.Automatic {
		kind += ", not to be answered"
	}
	if m.KindReason != "" {
		kind += ": " + m.KindReason
	}
	fact("Kind", kind)
	fact("Back on", strings.TrimSuffix(m.Returns, "T00:00:00Z"))
	fact("Complaint", m.Feedback)
	fact("Reports on", m.Original)
	if f := m.Forwarded; f != nil {
		fact("Passes on", strings.Join(present(boxes([]mailboxAnswer{f.From}), f.Date, f.Subject), "; "))
	}
	fact("Google cases", strings.Join(firstOf(m.Upstream), ", "))
	if m.ReplyReason != "" {
		fact("Reply told by", fmt.Sprintf("%s, confidence %.2f", m.ReplyReason, m.ReplyConfidence))
	}
	if m.HTML != "" {
		fact("Page", counted(len(m.HTML), "octet")+" of HTML made safe, shown by --json")
	}
	return t.flush()
}

// present leaves out what is empty.
func present(parts ...string) (some []string) {
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return some
}

func boxes(all []mailboxAnswer) string {
	texts := make([]string, 0, len(all))
	for _, box := range all[:min(len(all), maxListed+1)] {
		address := "<no usable address>"
		if !box.Email.IsZero() {
			address = "<" + box.Email.String() + ">"
		}
		texts = append(texts, strings.Join(present(box.Name, address), " "))
	}
	return strings.Join(cut(texts, len(all)), ", ")
}

// firstOf gives as much of a list as people read.
func firstOf(all []string) []string {
	return cut(all[:min(len(all), maxListed+1)], len(all))
}

// cut ends a list that is too long with how much more there is.
func cut(some []string, total int) []string {
	if total <= maxListed {
		return some
	}
	return append(some[:maxListed:maxListed], fmt.Sprintf("and %d more", total-maxListed))
}

// printText shows the first lines of a text below a heading with its size.
func printText(w io.Writer, heading, text string, maxLines int) {
	text = strings.Trim(text, "\n")
	if strings.TrimSpace(text) == "" {
		return
	}
	total := strings.Count(text, "\n") + 1
	fmt.Fprintf(w, "\n%s, %s\n", heading, counted(total, "line"))
	n := 0
	for line := range strings.Lines(text) {
		if n++; n > maxLines {
			fmt.Fprintf(w, "  … and %d more\n", total-maxLines)
			return
		}
		fmt.Fprintln(w, strings.TrimRight("  "+shortLine(line), " \t\n"))
	}
}

// shortLine cuts a line to what people read of one.
func shortLine(line string) string {
	n := 0
	for i := range line {
		if n++; n > maxLineLength {
			return manyLines(line[:i]) + "…"
		}
	}
	return manyLines(line)
}

func printBounces(w io.Writer, m *messageAnswer) error {
	if len(m.Bounces) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nReport")
	t := indented(w)
	t.row("RECIPIENT", "ACTION", "STATUS", "DIAGNOSTIC")
	for _, b := range m.Bounces[:min(len(m.Bounces), maxListed)] {
		t.row(b.Recipient, b.Action, b.Status, b.Diagnostic)
	}
	return endTable(w, t, len(m.Bounces))
}

func printAttachments(w io.Writer, m *messageAnswer) error {
	if len(m.Attachments) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nAttachments")
	t := indented(w)
	t.row("OCTETS", "TYPE", "SHA-256", "SHOWN", "NAME")
	for _, a := range m.Attachments[:min(len(m.Attachments), maxListed)] {
		shown := "as a file"
		if a.Inline {
			shown = "in the text"
		}
		t.row(a.Size, a.ContentType, a.SHA256[:min(len(a.SHA256), 12)], shown, a.Name)
	}
	return endTable(w, t, len(m.Attachments))
}

func printThreadKeys(w io.Writer, m *messageAnswer) error {
	if len(m.ThreadKeys) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nThread keys")
	t := indented(w)
	for _, k := range m.ThreadKeys[:min(len(m.ThreadKeys), maxListed)] {
		t.row(k.Kind, k.Value)
	}
	return endTable(w, t, len(m.ThreadKeys))
}

// endTable says how many rows are missing.
func endTable(w io.Writer, t *table, total int) error {
	err := t.flush()
	if total > maxListed {
		fmt.Fprintf(w, "  … and %d more\n", total-maxListed)
	}
	return err
}

func printList(w io.Writer, heading string, all []string) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", heading)
	for _, line := range firstOf(all) {
		fmt.Fprintln(w, "  "+oneLine(line))
	}
}
