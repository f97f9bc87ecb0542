package whatsapp

import (
	"context"
	"errors"
	"fmt"

	"wagateway/models"
)

// CreateSession stores a new session and, if asked to, begins to pair it. Not
// idempotent.
func (s *Service) CreateSession(ctx context.Context, wanted NewSession) (*models.Session, error) {
	if err := wanted.settings().validate(); err != nil {
		return nil, err
	}
	row := wanted.row()
	if err := s.db.Sessions.Create(ctx, row); err != nil {
		return nil, err
	}
	if wanted.ProxyURL != "" {
		if err := s.db.Sessions.SetProxy(ctx, row.ID, wanted.ProxyURL); err != nil {
			// Without its proxy it must not connect, so it must not exist.
			undo, cancel := storing(ctx)
			defer cancel()
			return nil, errors.Join(err, s.db.Sessions.Delete(undo, row.ID))
		}
	}
	if !wanted.Start {
		return row, nil
	}
	return s.StartSession(ctx, row.ID)
}

// UpdateSession changes settings of a session. A proxy is used from the next
// start on.
func (s *Service) UpdateSession(ctx context.Context, sessionID string, settings SessionSettings) (*models.Session, error) {
	if err := settings.validate(); err != nil {
		return nil, err
	}
	x, err := s.session(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	return order(ctx, x, func(o *owner) (*models.Session, error) {
		if settings.ProxyURL != nil {
			if err := s.db.Sessions.SetProxy(ctx, x.id, *settings.ProxyURL); err != nil {
				return nil, err
			}
		}
		row, err := s.db.Sessions.Update(ctx, x.id, settings.patch())
		if err != nil {
			return nil, err
		}
		o.adopt(row)
		return o.current(), nil
	})
}

// StartSession connects a paired session and begins to pair one that is not, in
// the background. A session that runs already stays as it is.
func (s *Service) StartSession(ctx context.Context, sessionID string) (*models.Session, error) {
	return s.command(ctx, sessionID, func(o *owner) error { return o.start(ctx) })
}

// StopSession disconnects; the session stays paired. Repeating it changes nothing.
func (s *Service) StopSession(ctx context.Context, sessionID string) (*models.Session, error) {
	return s.command(ctx, sessionID, func(o *owner) error { return o.stop(ctx) })
}

// RestartSession stops and starts.
func (s *Service) RestartSession(ctx context.Context, sessionID string) (*models.Session, error) {
	return s.command(ctx, sessionID, func(o *owner) error {
		if err := o.stop(ctx); err != nil {
			return err
		}
		return o.start(ctx)
	})
}

// LogoutSession unlinks the device and stops; the session can be paired again.
// WhatsApp is told when the session is connected, within 10 s; otherwise the
// phone lists the device until it is removed there. Repeating it changes nothing.
func (s *Service) LogoutSession(ctx context.Context, sessionID string) (*models.Session, error) {
	return s.command(ctx, sessionID, func(o *owner) error { return o.logout(ctx) })
}

// DeleteSession removes a session with everything stored below it. A paired one
// is unlinked first, as far as that works within 10 s.
func (s *Service) DeleteSession(ctx context.Context, sessionID string) error {
	x, err := s.session(ctx, sessionID)
	if err != nil {
		return err
	}
	_, err = order(ctx, x, func(o *owner) (struct{}, error) { return struct{}{}, o.remove() })
	return err
}

// command lets a session's owner do something and gives the row as it is then.
func (s *Service) command(ctx context.Context, sessionID string, work func(*owner) error) (*models.Session, error) {
	x, err := s.session(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	return order(ctx, x, func(o *owner) (*models.Session, error) {
		if err := work(o); err != nil {
			return nil, fmt.Errorf("commanding session %s: %w", x.id, err)
		}
		return o.current(), nil
	})
}
