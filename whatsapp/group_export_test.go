package whatsapp

// WatchStored gives a channel that holds a token when groups or people were
// stored since the last receive, and the function that ends it.
func (s *Service) WatchStored() (changed <-chan struct{}, stop func()) { return s.changes.watch() }
