// Package address makes and reads WhatsApp's addresses, as callers write them:
// persons, groups, channels, invites and phone numbers.
//
// Parse… functions take the name of the caller's field, for the error, and give
// the canonical form or a validation fault. They accept ASCII only and trim
// nothing: an address that needs trimming is a mistake somewhere. Make…
// functions are their inverses. Nothing here asks WhatsApp: an address that
// parses need not exist.
package address
