package main

import "syscall"

// unsynced is TIME_ERROR of adjtimex(2): nobody disciplines the kernel's clock.
const unsynced = 5

// clockSynced asks the kernel whether something keeps its clock right.
func clockSynced() (synced, known bool) {
	state, err := syscall.Adjtimex(&syscall.Timex{})
	return state != unsynced, err == nil
}
