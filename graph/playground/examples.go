package playground

// Examples are the operations a newcomer starts from, for one session and one of its groups. Where an id
// is empty, it is left for the user to fill in.
func Examples(sessionID, groupJID string) []Example {
	return []Example{
		{
			Name: "Sessions with their groups and the first members of each",
			Query: `query SessionsWithGroups($groups: Int = 10, $members: Int = 5) {
  sessions(first: 10) {
    totalCount
    nodes {
      id
      label
      status
      phoneNumber
      groups(first: $groups) {
        totalCount
        nodes {
          jid
          subject
          participantCount
          members(first: $members) {
            nodes {
              role
              tag
              contact {
                name
                phoneNumber
              }
            }
          }
        }
      }
    }
  }
}`,
			Variables: map[string]any{"groups": 10, "members": 5},
		},
		{
			Name: "Members of a group, page by page: give endCursor as $after for the next page",
			Query: `query GroupMembers($sessionId: ID!, $groupJid: JID!, $first: Int = 100, $after: String) {
  group(sessionId: $sessionId, jid: $groupJid) {
    subject
    members(first: $first, after: $after) {
      totalCount
      nodes {
        lid
        phoneJid
        role
        tag
        firstSeenAt
        contact {
          name
          phoneNumber
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}`,
			Variables: map[string]any{"sessionId": sessionID, "groupJid": groupJID, "first": 100, "after": nil},
		},
		{
			Name: "Add people to a group: WhatsApp answers for each of them",
			Query: `mutation AddGroupMembers($sessionId: ID!, $groupJid: JID!, $input: GroupParticipantsInput!) {
  addGroupMembers(sessionId: $sessionId, groupJid: $groupJid, input: $input) {
    group {
      subject
      participantCount
    }
    results {
      jid
      ok
      code
      message
      inviteCode
    }
  }
}`,
			Variables: map[string]any{
				"sessionId": sessionID,
				"groupJid":  groupJID,
				"input":     map[string]any{"participants": []string{"6281234567890@s.whatsapp.net"}},
			},
		},
		{
			Name: "A session's chats with the latest message of each",
			Query: `query Chats($sessionId: ID!, $first: Int = 20, $after: String) {
  session(id: $sessionId) {
    chats(first: $first, after: $after) {
      totalCount
      nodes {
        jid
        type
        name
        unreadCount
        lastMessage {
          body
          fromMe
          ackLevel
          timestamp
          sender {
            name
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}`,
			Variables: map[string]any{"sessionId": sessionID, "first": 20, "after": nil},
		},
		{
			Name: "The latest messages with what they say: files, polls with their votes, places, reactions",
			Query: `query Messages($sessionId: ID!, $filter: MessageFilter, $first: Int = 20, $after: String) {
  messages(sessionId: $sessionId, filter: $filter, first: $first, after: $after) {
    nodes {
      waMessageId
      chatJid
      timestamp
      type
      body
      edited
      sender {
        name
      }
      quoted {
        body
      }
      content {
        __typename
        ... on MediaContent {
          kind
          mimetype
          size
          status
          url
        }
        ... on PollContent {
          name
          options {
            name
            votes {
              voter {
                name
              }
            }
          }
        }
        ... on LocationContent {
          latitude
          longitude
          name
        }
        ... on ContactCardContent {
          cards {
            name
            phone
          }
        }
      }
      reactions {
        emoji
        sender {
          name
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}`,
			Variables: map[string]any{"sessionId": sessionID, "filter": nil, "first": 20, "after": nil},
		},
		{
			Name: "Search in all messages: whole words, the last one as far as it is typed",
			Query: `query SearchMessages($sessionId: ID!, $query: String!, $first: Int = 20, $after: String) {
  searchMessages(sessionId: $sessionId, query: $query, first: $first, after: $after) {
    nodes {
      chatJid
      timestamp
      type
      body
      sender {
        name
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}`,
			Variables: map[string]any{"sessionId": sessionID, "query": "lunch", "first": 20, "after": nil},
		},
		{
			Name: "Send a text: give the same idempotencyKey again and nothing is sent twice",
			Query: `mutation SendMessage($sessionId: ID!, $input: SendMessageInput!) {
  sendMessage(sessionId: $sessionId, input: $input) {
    outboxId
    status
    replayed
    waMessageId
    message {
      chatJid
      body
      ackLevel
    }
  }
}`,
			Variables: map[string]any{
				"sessionId": sessionID,
				"input": map[string]any{
					"to":             "6281234567890@s.whatsapp.net",
					"content":        map[string]any{"text": map[string]any{"text": "Hello there!"}},
					"idempotencyKey": "order-4711",
				},
			},
		},
		{
			Name: "Ask the people of a group; their votes show in the message's content",
			Query: `mutation SendPoll($sessionId: ID!, $input: SendMessageInput!) {
  sendMessage(sessionId: $sessionId, input: $input) {
    status
    message {
      waMessageId
      content {
        ... on PollContent {
          name
          selectableCount
          options {
            name
          }
        }
      }
    }
  }
}`,
			Variables: map[string]any{
				"sessionId": sessionID,
				"input": map[string]any{
					"to":      groupJID,
					"content": map[string]any{"poll": map[string]any{"name": "When shall we meet?", "options": []string{"Monday", "Tuesday"}}},
				},
			},
		},
		{
			Name: "Create a session and begin pairing; then follow it in the tab Pairing",
			Query: `mutation CreateSession($input: CreateSessionInput!) {
  createSession(input: $input) {
    session {
      id
      label
      status
    }
  }
}`,
			Variables: map[string]any{"input": map[string]any{"label": "Support desk", "start": true}},
		},
		{
			Name: "Follow a session's pairing: its present step, then each new QR code and change",
			Query: `subscription Pairing($sessionId: ID!) {
  pairing(sessionId: $sessionId) {
    status
    statusReason
    qr {
      code
      expiresAt
    }
    pairingCode {
      code
      expiresAt
    }
    session {
      label
      phoneNumber
    }
  }
}`,
			Variables: map[string]any{"sessionId": sessionID},
		},
		{
			Name: "Follow what happens: give the last id as $after and nothing is missed",
			Query: `subscription Events($sessionId: ID, $after: ID) {
  events(sessionId: $sessionId, after: $after) {
    id
    type
    timestamp
    payload
  }
}`,
			Variables: map[string]any{"sessionId": sessionID},
		},
		{
			Name: "Create an API key: its secret is shown this once",
			Query: `mutation CreateApiKey($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    secret
    apiKey {
      id
      prefix
      capabilities
      expiresAt
    }
  }
}`,
			Variables: map[string]any{
				"input": map[string]any{"name": "Reporting", "capabilities": []string{"READ"}},
			},
		},
	}
}
