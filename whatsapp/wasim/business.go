package wasim

import (
	"fmt"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/proto/waVnameCert"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// BusinessProfile is what a business account shows of itself.
type BusinessProfile struct {
	// VerifiedName is the name in the certificate that the server shows with the
	// account; empty: the push name.
	VerifiedName string
	Address      string
	Description  string
	Email        string
	Websites     []string
	Categories   []types.Category
	TimeZone     string // of the hours, as in "Europe/Berlin"
	Hours        []types.BusinessHoursConfig
	// Options are further fields, such as "cart_enabled".
	Options map[string]string
}

// SetBusinessProfile makes the account a business with this profile; nil makes it
// an ordinary account again.
func (p *Phone) SetBusinessProfile(profile *BusinessProfile) {
	if profile != nil {
		copied := *profile
		profile = &copied
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.business = profile
}

// BusinessProfile gives the account's profile as a business; false if it is none.
func (p *Phone) BusinessProfile() (BusinessProfile, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.business == nil {
		return BusinessProfile{}, false
	}
	return *p.business, true
}

// verifiedName gives a business's name; empty for other accounts.
func (p *Phone) verifiedName() string {
	profile, ok := p.BusinessProfile()
	if ok && profile.VerifiedName == "" {
		return p.Name()
	}
	return profile.VerifiedName
}

// businessIQ answers who asks for the profiles of businesses. Accounts that are
// none are left out.
func (s *Server) businessIQ(n *node) (node, *StanzaError) {
	asked := firstChild(n)
	if asked.Tag != "business_profile" || textOf(n, "type") != "get" {
		return node{}, ErrNotImplemented
	}
	var profiles []node
	for _, one := range asked.GetChildrenByTag("profile") {
		jid := jidOf(&one, "jid")
		phone := s.phoneOf(jid)
		if phone == nil {
			continue
		}
		if profile, ok := phone.BusinessProfile(); ok {
			profiles = append(profiles, profile.node(jid))
		}
	}
	return resultOf(n, node{Tag: "business_profile", Attrs: attrs{"v": "244"}, Content: profiles}), nil
}

// node writes the profile for the address that it was asked by.
func (b *BusinessProfile) node(jid types.JID) node {
	var children []node
	text := func(tag, value string) {
		if value != "" {
			children = append(children, node{Tag: tag, Content: []byte(value)})
		}
	}
	text("address", b.Address)
	text("description", b.Description)
	text("email", b.Email)
	for _, website := range b.Websites {
		text("website", website)
	}
	categories := make([]node, len(b.Categories))
	for i, category := range b.Categories {
		categories[i] = node{Tag: "category", Attrs: attrs{"id": category.ID}, Content: []byte(category.Name)}
	}
	children = append(children, node{Tag: "categories", Content: categories})
	if len(b.Hours) > 0 {
		hours := make([]node, len(b.Hours))
		for i, hour := range b.Hours {
			hours[i] = node{Tag: "business_hours_config", Attrs: attrs{
				"day_of_week": hour.DayOfWeek, "mode": hour.Mode, "open_time": hour.OpenTime, "close_time": hour.CloseTime,
			}}
		}
		children = append(children, node{Tag: "business_hours", Attrs: attrs{"timezone": b.TimeZone}, Content: hours})
	}
	options := make([]node, 0, len(b.Options))
	for name, value := range b.Options {
		options = append(options, node{Tag: name, Content: []byte(value)})
	}
	slices.SortFunc(options, func(a, b node) int { return strings.Compare(a.Tag, b.Tag) })
	children = append(children, node{Tag: "profile_options", Content: options})
	return node{Tag: "profile", Attrs: attrs{"jid": jid}, Content: children}
}

// businessNode is the account's certificate in a usync answer.
func (p *Phone) businessNode() (node, bool) {
	name := p.verifiedName()
	if name == "" {
		return node{}, false
	}
	certificate, err := certificateOf(name)
	if err != nil {
		p.srv.log.Error("certificate of a business not made", "error", err)
		return node{}, false
	}
	return node{Tag: "business", Content: []node{{Tag: "verified_name", Attrs: attrs{
		"v": "1", "verified_level": "unknown", "host_storage": "1", "actual_actors": "1", "privacy_mode_ts": "0",
	}, Content: certificate}}}, true
}

// certificateOf makes a certificate of a name. Nobody checks its signature.
func certificateOf(name string) ([]byte, error) {
	details, err := proto.Marshal(&waVnameCert.VerifiedNameCertificate_Details{
		Serial: proto.Uint64(1), Issuer: proto.String("smb:wa"), VerifiedName: proto.String(name),
	})
	if err != nil {
		return nil, fmt.Errorf("marshalling certificate's details: %w", err)
	}
	certificate, err := proto.Marshal(&waVnameCert.VerifiedNameCertificate{Details: details, Signature: randomBytes(64)})
	if err != nil {
		return nil, fmt.Errorf("marshalling certificate: %w", err)
	}
	return certificate, nil
}
