package wasim

import "encoding/json"

// The queries of the GraphQL-like interface that are known here.
const (
	mexSubscribedChannels = "6388546374527196"
	mexSetAbout           = "9152604461510864"
)

// mexIQ answers GraphQL-like questions. Channels are not simulated: nobody
// follows any.
func (s *Server) mexIQ(device *companion, n *node) (node, *StanzaError) {
	query := firstChild(n)
	data := map[string]any{}
	switch textOf(&query, "query_id") {
	case mexSubscribedChannels:
		data["xwa2_newsletter_subscribed"] = []any{}
	case mexSetAbout:
		var asked struct {
			Variables struct {
				Input struct {
					Text string `json:"text"`
				} `json:"input"`
			} `json:"variables"`
		}
		if json.Unmarshal(contentOf(query), &asked) != nil {
			return node{}, ErrBadRequest
		}
		device.phone.setAbout(asked.Variables.Input.Text, device)
	}
	answer, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		return node{}, ErrInternal
	}
	return resultOf(n, node{Tag: "result", Content: answer}), nil
}
