package wasim

import (
	"context"
	"maps"
	"strings"
	"sync"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// signalStore keeps a phone's Signal state in memory behind whatsmeow's store
// interfaces, so that whatsmeow's store.Device can serve as libsignal's store.
type signalStore struct {
	mu         sync.Mutex
	identities map[string][32]byte
	sessions   map[string][]byte
	preKeys    map[uint32]*keys.PreKey
	lastPreKey uint32
	senderKeys map[[2]string][]byte

	appKeys     map[string]store.AppStateSyncKey
	lastAppKey  []byte
	appVersions map[string]appVersion
	appMACs     map[[2]string][]byte
}

type appVersion struct {
	version uint64
	hash    [128]byte
}

var (
	_ store.IdentityStore        = (*signalStore)(nil)
	_ store.SessionStore         = (*signalStore)(nil)
	_ store.PreKeyStore          = (*signalStore)(nil)
	_ store.SenderKeyStore       = (*signalStore)(nil)
	_ store.AppStateSyncKeyStore = (*signalStore)(nil)
	_ store.AppStateStore        = (*signalStore)(nil)
)

func newSignalStore() *signalStore {
	return &signalStore{
		identities: map[string][32]byte{}, sessions: map[string][]byte{}, preKeys: map[uint32]*keys.PreKey{},
		senderKeys: map[[2]string][]byte{}, appKeys: map[string]store.AppStateSyncKey{},
		appVersions: map[string]appVersion{}, appMACs: map[[2]string][]byte{},
	}
}

// locked runs f under the lock.
func locked[T any](m *signalStore, f func() T) T {
	m.mu.Lock()
	defer m.mu.Unlock()
	return f()
}

func (m *signalStore) PutIdentity(_ context.Context, address string, key [32]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.identities[address] = key
	return nil
}

func (m *signalStore) DeleteAllIdentities(_ context.Context, user string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	deletePrefix(m.identities, user+":")
	return nil
}

func (m *signalStore) DeleteIdentity(_ context.Context, address string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.identities, address)
	return nil
}

func (m *signalStore) IsTrustedIdentity(_ context.Context, address string, key [32]byte) (bool, error) {
	return locked(m, func() bool {
		known, ok := m.identities[address]
		return !ok || known == key
	}), nil
}

func (m *signalStore) GetSession(_ context.Context, address string) ([]byte, error) {
	return locked(m, func() []byte { return m.sessions[address] }), nil
}

func (m *signalStore) HasSession(_ context.Context, address string) (bool, error) {
	return locked(m, func() bool { _, ok := m.sessions[address]; return ok }), nil
}

func (m *signalStore) GetManySessions(_ context.Context, addresses []string) (map[string][]byte, error) {
	return locked(m, func() map[string][]byte {
		found := make(map[string][]byte, len(addresses))
		for _, address := range addresses {
			found[address] = m.sessions[address]
		}
		return found
	}), nil
}

func (m *signalStore) PutSession(_ context.Context, address string, session []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions[address] = session
	return nil
}

func (m *signalStore) PutManySessions(_ context.Context, sessions map[string][]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.Copy(m.sessions, sessions)
	return nil
}

func (m *signalStore) DeleteAllSessions(_ context.Context, user string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	deletePrefix(m.sessions, user+":")
	return nil
}

func (m *signalStore) DeleteSession(_ context.Context, address string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, address)
	return nil
}

// MigratePNToLID has nothing to do: the phones address everybody by LID.
func (m *signalStore) MigratePNToLID(context.Context, types.JID, types.JID) error { return nil }

func (m *signalStore) GetOrGenPreKeys(ctx context.Context, count uint32) ([]*keys.PreKey, error) {
	made := make([]*keys.PreKey, count)
	for i := range made {
		key, err := m.GenOnePreKey(ctx)
		if err != nil {
			return nil, err
		}
		made[i] = key
	}
	return made, nil
}

func (m *signalStore) GenOnePreKey(context.Context) (*keys.PreKey, error) {
	return locked(m, func() *keys.PreKey {
		m.lastPreKey++
		key := keys.NewPreKey(m.lastPreKey)
		m.preKeys[m.lastPreKey] = key
		return key
	}), nil
}

func (m *signalStore) GetPreKey(_ context.Context, id uint32) (*keys.PreKey, error) {
	return locked(m, func() *keys.PreKey { return m.preKeys[id] }), nil
}

func (m *signalStore) RemovePreKey(_ context.Context, id uint32) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.preKeys, id)
	return nil
}

// MarkPreKeysAsUploaded has nothing to do: the server asks the phone directly.
func (m *signalStore) MarkPreKeysAsUploaded(context.Context, uint32) error { return nil }

func (m *signalStore) UploadedPreKeyCount(context.Context) (int, error) {
	return locked(m, func() int { return len(m.preKeys) }), nil
}

func (m *signalStore) PutSenderKey(_ context.Context, group, user string, key []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.senderKeys[[2]string{group, user}] = key
	return nil
}

func (m *signalStore) GetSenderKey(_ context.Context, group, user string) ([]byte, error) {
	return locked(m, func() []byte { return m.senderKeys[[2]string{group, user}] }), nil
}

// dropSenderKey forgets a key, so that the next use makes a new one.
func (m *signalStore) dropSenderKey(group, user string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.senderKeys, [2]string{group, user})
}

func (m *signalStore) PutAppStateSyncKey(_ context.Context, id []byte, key store.AppStateSyncKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.appKeys[string(id)] = key
	m.lastAppKey = id
	return nil
}

// GetAppStateSyncKey gives nil for an unknown key, as whatsmeow's interface asks.
func (m *signalStore) GetAppStateSyncKey(_ context.Context, id []byte) (*store.AppStateSyncKey, error) {
	return locked(m, func() *store.AppStateSyncKey {
		key, ok := m.appKeys[string(id)]
		if !ok {
			return nil
		}
		return &key
	}), nil
}

func (m *signalStore) GetLatestAppStateSyncKeyID(context.Context) ([]byte, error) {
	return locked(m, func() []byte { return m.lastAppKey }), nil
}

func (m *signalStore) GetAllAppStateSyncKeys(context.Context) ([]*store.AppStateSyncKey, error) {
	return locked(m, func() []*store.AppStateSyncKey {
		all := make([]*store.AppStateSyncKey, 0, len(m.appKeys))
		for _, key := range m.appKeys {
			all = append(all, &key)
		}
		return all
	}), nil
}

func (m *signalStore) PutAppStateVersion(_ context.Context, name string, version uint64, hash [128]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.appVersions[name] = appVersion{version, hash}
	return nil
}

func (m *signalStore) GetAppStateVersion(_ context.Context, name string) (uint64, [128]byte, error) {
	v := locked(m, func() appVersion { return m.appVersions[name] })
	return v.version, v.hash, nil
}

func (m *signalStore) DeleteAppStateVersion(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.appVersions, name)
	return nil
}

func (m *signalStore) PutAppStateMutationMACs(_ context.Context, name string, _ uint64, macs []store.AppStateMutationMAC) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, mac := range macs {
		m.appMACs[[2]string{name, string(mac.IndexMAC)}] = mac.ValueMAC
	}
	return nil
}

func (m *signalStore) DeleteAppStateMutationMACs(_ context.Context, name string, indexMACs [][]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, mac := range indexMACs {
		delete(m.appMACs, [2]string{name, string(mac)})
	}
	return nil
}

func (m *signalStore) GetAppStateMutationMAC(_ context.Context, name string, indexMAC []byte) ([]byte, error) {
	return locked(m, func() []byte { return m.appMACs[[2]string{name, string(indexMAC)}] }), nil
}

func deletePrefix[V any](m map[string]V, prefix string) {
	for key := range m {
		if strings.HasPrefix(key, prefix) {
			delete(m, key)
		}
	}
}
