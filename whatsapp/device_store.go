package whatsapp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"go.mau.fi/util/dbutil"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/store/sqlstore/upgrades"
	"go.mau.fi/whatsmeow/types"
)

// deviceStore keeps the linked devices in whatsmeow's tables, one for the process.
type deviceStore struct {
	*sqlstore.Container
	db *dbutil.Database
}

// openDevices brings whatsmeow's tables up to date.
func openDevices(ctx context.Context, pool *sql.DB, dialect string, log *slog.Logger) (*deviceStore, error) {
	db, err := dbutil.NewWithDB(pool, dialect)
	if err != nil {
		return nil, fmt.Errorf("opening the tables of linked devices: %w", err)
	}
	db.UpgradeTable, db.VersionTable = upgrades.Table, "whatsmeow_version"
	s := &deviceStore{Container: sqlstore.NewWithWrappedDB(db, newLibraryLog(log, "store")), db: db}
	if err := s.Upgrade(ctx); err != nil {
		return nil, fmt.Errorf("upgrading the tables of linked devices: %w", err)
	}
	return s, nil
}

// remove deletes a device with its keys. It does not touch the client's own
// [store.Device], which goroutines of the client may still read.
func (s *deviceStore) remove(ctx context.Context, jid types.JID) error {
	if err := s.DeleteDevice(ctx, &store.Device{ID: &jid}); err != nil {
		return fmt.Errorf("deleting the device: %w", err)
	}
	return nil
}

// linkedDevices saves only devices that are stored. A goroutine of a client that
// saves its device late would bring a removed one back, with its keys.
type linkedDevices struct{ *deviceStore }

// PutDevice implements [store.DeviceContainer]. A removed device is
// [store.ErrDeviceDeleted].
func (s linkedDevices) PutDevice(ctx context.Context, device *store.Device) error {
	if device.ID == nil {
		return sqlstore.ErrDeviceIDMustBeSet
	}
	return s.db.DoTxn(ctx, nil, func(ctx context.Context) error {
		// Writing it keeps it until the end of the transaction.
		held, err := s.db.Exec(ctx, "UPDATE whatsmeow_device SET jid=jid WHERE jid=$1", device.ID)
		if err != nil {
			return fmt.Errorf("holding the device: %w", err)
		}
		if n, err := held.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, store.ErrDeviceDeleted)
		}
		return s.Container.PutDevice(ctx, device)
	})
}

// prepare gives a stored device the faster store of prekeys, the safer buffer of
// events, the sessions in turns and the watched app state, and keeps a removed one
// away, for one link. No client may use the device at that moment.
func (s *deviceStore) prepare(device *store.Device, refuses func() bool, away func(error), stateChanges func(context.Context) error) {
	if !device.Initialized || device.Deleted {
		return
	}
	if _, done := device.Container.(linkedDevices); !done {
		device.Container = linkedDevices{s}
	}
	if _, done := device.PreKeys.(*preKeys); !done {
		device.PreKeys = &preKeys{PreKeyStore: device.PreKeys, db: s.db, device: *device.ID}
	}
	if _, done := device.AppState.(watchedState); !done {
		device.AppState = watchedState{device.AppState, stateChanges}
	}
	if _, done := device.EventBuffer.(*eventBuffer); !done {
		turn := newSessionTurn()
		device.Sessions = &signalSessions{SessionStore: device.Sessions, turn: turn}
		device.EventBuffer = &eventBuffer{EventBuffer: device.EventBuffer, db: s.db, turn: turn, refuses: refuses, away: away}
	}
}
