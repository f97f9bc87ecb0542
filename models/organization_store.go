package models

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// OrganizationStore keeps the organizations.
type OrganizationStore struct{ db *DB }

// Ensure gives the organization, created when it is new. A name that is not
// empty replaces the stored one.
func (s *OrganizationStore) Ensure(ctx context.Context, id, name string) (*Organization, error) {
	var organization Organization
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		if err := ensureOrganization(tx, id, name); err != nil {
			return err
		}
		return tx.Take(&organization, "id = ?", id).Error
	})
	if err != nil {
		return nil, storeError("organization", "ensuring organization "+id, err)
	}
	return &organization, nil
}

// ensureOrganization makes sure that a row stands for the id, which the
// identity provider may have given out without telling us.
func ensureOrganization(tx *gorm.DB, id, name string) error {
	conflict := clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoNothing: true}
	if name != "" {
		conflict.DoNothing, conflict.DoUpdates = false, clause.AssignmentColumns([]string{"name"})
	}
	return tx.Clauses(conflict).Create(&Organization{ID: id, Name: name, CreatedAt: Now()}).Error
}

// Get gives an organization, fault.NotFound when there is none.
func (s *OrganizationStore) Get(ctx context.Context, id string) (*Organization, error) {
	var organization Organization
	if err := s.db.read(ctx).Take(&organization, "id = ?", id).Error; err != nil {
		return nil, storeError("organization", "loading organization "+id, err)
	}
	return &organization, nil
}

// List gives every organization, ordered by id. For the operator's commands.
func (s *OrganizationStore) List(ctx context.Context) ([]Organization, error) {
	var organizations []Organization
	err := s.db.read(ctx).Order("id").Find(&organizations).Error
	return organizations, storeError("organization", "listing organizations", err)
}

// Count tells how many organizations there are.
func (s *OrganizationStore) Count(ctx context.Context) (int, error) {
	var n int64
	err := s.db.read(ctx).Model(&Organization{}).Count(&n).Error
	return int(n), storeError("organization", "counting organizations", err)
}
