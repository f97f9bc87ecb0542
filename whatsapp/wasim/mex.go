package wasim

import "encoding/json"

// The queries of the GraphQL-like interface that are known here.
const (
	mexSetAbout           = "9152604461510864"
	mexChannel            = "6563316087068696"
	mexSubscribedChannels = "6388546374527196"
	mexCreateChannel      = "6234210096708695"
	mexUpdateChannel      = "7150902998257522"
	mexFollowChannel      = "9926858900719341"
	mexUnfollowChannel    = "6392786840836363"
	mexMuteChannel        = "6274038279359549"
	mexUnmuteChannel      = "6068417879924485"
)

// mexIQ answers GraphQL-like questions. Refusals come within the answer, as
// GraphQL errors.
func (s *Server) mexIQ(device *companion, n *node) (node, *StanzaError) {
	query := firstChild(n)
	var asked struct {
		Variables json.RawMessage `json:"variables"`
	}
	if json.Unmarshal(contentOf(query), &asked) != nil {
		return node{}, ErrBadRequest
	}
	body := map[string]any{}
	data, refusal := s.mexAnswer(device, textOf(&query, "query_id"), asked.Variables)
	body["data"] = data
	if refusal != nil {
		body["errors"] = []any{map[string]any{
			"message": refusal.Text, "path": []string{},
			"extensions": map[string]any{"error_code": refusal.Code, "is_retryable": false, "severity": "CRITICAL"},
		}}
	}
	answer, err := json.Marshal(body)
	if err != nil {
		return node{}, ErrInternal
	}
	return resultOf(n, node{Tag: "result", Content: answer}), nil
}

// mexAnswer gives the data of one query.
func (s *Server) mexAnswer(device *companion, id string, variables json.RawMessage) (map[string]any, *StanzaError) {
	switch id {
	case mexSetAbout:
		var about struct {
			Input struct {
				Text string `json:"text"`
			} `json:"input"`
		}
		if json.Unmarshal(variables, &about) != nil {
			return nil, ErrBadRequest
		}
		device.phone.setAbout(about.Input.Text, device)
		return map[string]any{}, nil
	case mexChannel, mexSubscribedChannels, mexCreateChannel, mexUpdateChannel,
		mexFollowChannel, mexUnfollowChannel, mexMuteChannel, mexUnmuteChannel:
		return s.channelMex(device, id, variables)
	}
	return nil, ErrBadRequest
}
