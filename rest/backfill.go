package rest

import (
	"context"
	"net/http"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/fault"
)

const adminSessionPath = "/api/v1/admin/sessions/{session}"

// BackfillJob is the contract's BackfillJob.
type BackfillJob = contract.BackfillJob

func presentBackfill(j *models.BackfillJob) BackfillJob { return j.Shape() }

func backfillRows() []route {
	return []route{
		row(spec{
			Operation: "adminStartSessionBackfill", Tag: tagAdmin, Method: http.MethodPost, Pattern: adminSessionPath + ":backfill",
			Field: "Mutation.adminStartSessionBackfill", Status: http.StatusAccepted, Live: true, Background: true,
			Faults:  []fault.Code{fault.Conflict},
			Answers: map[int]map[string]any{http.StatusAccepted: {"contacts": 0, "finishedAt": nil, "groupMembers": 0, "groups": 0}},
			Summary: "Read a session's address book, groups and members anew.",
			Notes:   "In the background, for a session of any organization. 409 while it does so already.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inSession) (*models.BackfillJob, error) {
			p, err := root.Mutation().AdminStartSessionBackfill(ctx, in.Session)
			if err != nil {
				return nil, err
			}
			return p.Job, nil
		}, presentBackfill),
		row(spec{
			Operation: "adminSessionBackfillStatus", Tag: tagAdmin, Method: http.MethodGet, Pattern: adminSessionPath + "/backfill",
			Field: "Query.adminSessionBackfillStatus", Status: http.StatusOK,
			Summary: "How the latest backfill of a session goes.",
			Notes:   "404 when there was none.",
			Answers: map[int]map[string]any{http.StatusOK: {"finishedAt": nil}},
		}, func(ctx context.Context, root gen.ResolverRoot, in inSession) (*models.BackfillJob, error) {
			return root.Query().AdminSessionBackfillStatus(ctx, in.Session)
		}, presentBackfill),
	}
}
