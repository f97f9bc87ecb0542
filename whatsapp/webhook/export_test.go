package webhook

// Crash makes a service end as a process that is killed does: nothing that is
// under way is finished, committed or given up.
func Crash(s *Service) { s.crash.Store(true) }
