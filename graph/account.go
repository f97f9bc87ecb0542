package graph

import (
	"wagateway/graph/gen"
	"wagateway/whatsapp"
)

// profile reads what to change of an account.
func profile(input gen.UpdateProfileInput) whatsapp.Profile {
	return whatsapp.Profile{
		Name: input.Name.Value(), About: input.About.Value(), Picture: input.Picture.Value(),
		RemovePicture: orZero(input.RemovePicture.Value()),
	}
}

// privacyChange reads which privacy settings to change.
func privacyChange(input gen.UpdatePrivacySettingsInput) whatsapp.PrivacyChange {
	return whatsapp.PrivacyChange{
		GroupAdd: orZero(input.GroupAdd.Value()), LastSeen: orZero(input.LastSeen.Value()), About: orZero(input.About.Value()),
		Picture: orZero(input.Picture.Value()), ReadReceipts: orZero(input.ReadReceipts.Value()), CallAdd: orZero(input.CallAdd.Value()),
		Online: orZero(input.Online.Value()), Messages: orZero(input.Messages.Value()), Defense: orZero(input.Defense.Value()),
		Stickers: orZero(input.Stickers.Value()),
	}
}
