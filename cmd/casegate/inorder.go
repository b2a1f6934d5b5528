package main

import (
	"context"
	"runtime"
)

// inOrder does n pieces of work on all processors, and hands over what comes of
// them in their order. It stops at the first error of each, or when ctx is done;
// no work goes on after it has returned.
func inOrder[T any](ctx context.Context, n int, work func(int) T, each func(T) error) (err error) {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	// Room for results that wait for their turn bounds what is at work: one more
	// is being waited for.
	turns := make(chan chan T, max(1, runtime.GOMAXPROCS(0)-1))
	go func() {
		defer close(turns)
		for i := 0; i < n && inner.Err() == nil; i++ {
			turn := make(chan T, 1)
			turns <- turn
			go func() { turn <- work(i) }()
		}
	}()
	done := 0
	for turn := range turns {
		result := <-turn
		if err != nil {
			continue // only waited for
		}
		done++
		if err = each(result); err != nil {
			stop()
		}
	}
	if err == nil && done < n {
		err = ctx.Err()
	}
	return err
}
