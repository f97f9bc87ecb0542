package whatsapp

import (
	"go.mau.fi/whatsmeow/proto/waCompanionReg"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/store"
	"google.golang.org/protobuf/proto"
)

type clientPayload = waWa6.ClientPayload

// payload is what a device tells WhatsApp of itself when it connects: whatsmeow's
// own payload with the service's version, name and wishes. whatsmeow keeps these
// in package variables, which cannot be changed while any client connects, and
// are the same for all; a payload of our own has neither fault.
type payload struct {
	version     store.WAVersionContainer
	deviceName  string
	historyDays int // of history to send at pairing; 0: what WhatsApp sends by itself
}

// of makes the payload for a registration or a log-in.
func (p payload) of(device *store.Device) *clientPayload {
	told := device.GetClientPayload() // a copy
	told.UserAgent.AppVersion = p.version.ProtoAppVersion()
	registration := told.GetDevicePairingData()
	if registration == nil {
		return told
	}
	hash := p.version.Hash()
	registration.BuildHash = hash[:]
	properties := proto.CloneOf(store.DeviceProps)
	properties.Os = &p.deviceName
	properties.PlatformType = waCompanionReg.DeviceProps_CHROME.Enum()
	if p.historyDays > 0 {
		properties.RequireFullSync = proto.Bool(true)
		properties.HistorySyncConfig.FullSyncDaysLimit = proto.Uint32(uint32(p.historyDays)) // checked: 0 to 3,650
	}
	encoded, err := proto.Marshal(properties)
	if err != nil {
		return told // whatsmeow's own properties are as good to pair with
	}
	registration.DeviceProps = encoded
	return told
}
