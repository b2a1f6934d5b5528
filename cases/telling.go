package cases

// finish completes a change with its notices and makes it part of the decision.
func (t *tenantDecision) finish(ch *change) {
	ch.tell(t.dir, t.inform, t.newID)
	t.part.changes = append(t.part.changes, ch)
	t.part.record.Cases = append(t.part.record.Cases, ch.c.ID)
}

func (t *tenantDecision) traceNotices(ch *change) {
	for _, delivery := range ch.deliveries {
		t.trace.Effect("notice %s to %s", delivery.ID, delivery.Recipient)
	}
}
