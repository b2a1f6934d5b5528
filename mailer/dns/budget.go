package dns

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

var errBudget = errors.New("budget used up")

type budgetKey struct{}

// WithBudget limits what one mail may cost: so many questions that the cache
// does not answer, and so much time from now. Beyond it, lookups with the
// context give [ErrTemporary] unless the cache knows. Call cancel when the mail
// is done. A budget within a budget counts for itself; the earlier end holds.
func WithBudget(ctx context.Context, queries int, d time.Duration) (context.Context, context.CancelFunc) {
	left := new(atomic.Int64)
	left.Store(int64(queries))
	return context.WithTimeoutCause(context.WithValue(ctx, budgetKey{}, left), d, errBudget)
}

// spend takes one question from the context's budget, if it has one.
func spend(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if left, ok := ctx.Value(budgetKey{}).(*atomic.Int64); ok && left.Add(-1) < 0 {
		return errBudget
	}
	return nil
}
