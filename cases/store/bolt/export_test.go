package bolt

// Commits is how many transactions the file has seen, which tells how many
// updates shared one.
func (s *Store) Commits() int { return s.lastCommit() }

// MaxBatch is how many updates one commit takes at most.
const MaxBatch = maxBatch

// NoRoom tells whether a failed commit failed for lack of room.
func NoRoom(err error) bool { return noRoom(err) }
