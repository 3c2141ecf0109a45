package fleet

import (
	"encoding/json"
	"strings"

	"monitoring/storage"
)

const (
	maxBulk   = 1000 // servers of one pasted list
	maxIDs    = 10000
	maxAPIKey = 200
)

func errPreset() error { return storage.Invalid("preset", "must be full, readonly or monitor") }

// CreateServerRequest adds a server. APIKey is what clients of the predecessor send; it is ignored.
type CreateServerRequest struct {
	Name   string  `json:"name"`
	URL    string  `json:"url"`
	APIKey string  `json:"api_key,omitempty"`
	Folder *string `json:"folder,omitempty"`
	Preset string  `json:"preset,omitempty"` // full (default), readonly or monitor
}

// Validate implements rest.Validator.
func (r CreateServerRequest) Validate() error {
	_, err := r.server()
	return err
}

// server returns the record that the request asks for.
func (r CreateServerRequest) server() (storage.Server, error) {
	srv := storage.Server{Name: strings.TrimSpace(r.Name), URL: r.URL, Folder: trimmed(r.Folder), IsActive: true, AgentID: newAgentID()}
	if len(r.APIKey) > maxAPIKey {
		return srv, storage.Invalid("api_key", "at most 200 characters; the panel does not use it")
	}
	if !validPreset(r.preset()) {
		return srv, errPreset()
	}
	return normalized(srv)
}

func (r CreateServerRequest) preset() string {
	if r.Preset == "" {
		return PresetFull
	}
	return r.Preset
}

func normalized(srv storage.Server) (storage.Server, error) {
	if err := srv.Validate(); err != nil {
		return srv, err
	}
	url, err := storage.NormalizeServerURL(srv.URL)
	srv.URL = url
	return srv, err
}

// trimmed returns nil for a folder of white space: the form was left empty.
func trimmed(folder *string) *string {
	if folder == nil || strings.TrimSpace(*folder) == "" {
		return nil
	}
	name := strings.TrimSpace(*folder)
	return &name
}

// UpdateServerRequest changes the fields that it names. A folder of null takes the server out of its folder.
type UpdateServerRequest struct {
	Name     *string         `json:"name,omitempty"`
	URL      *string         `json:"url,omitempty"`
	APIKey   *string         `json:"api_key,omitempty"`
	IsActive *bool           `json:"is_active,omitempty"`
	Folder   json.RawMessage `json:"folder,omitempty"`
}

// Validate implements rest.Validator.
func (r UpdateServerRequest) Validate() error {
	if r.Name == nil && r.URL == nil && r.APIKey == nil && r.IsActive == nil && r.Folder == nil {
		return storage.Invalid("name", "name at least one field to change: name, url, is_active or folder")
	}
	return r.apply(&storage.Server{Name: "x", URL: "x"})
}

func (r UpdateServerRequest) apply(srv *storage.Server) error {
	if r.Name != nil {
		srv.Name = strings.TrimSpace(*r.Name)
	}
	if r.URL != nil {
		srv.URL = *r.URL
	}
	if r.IsActive != nil {
		srv.IsActive = *r.IsActive
	}
	if r.Folder != nil {
		folder, err := parseFolder(r.Folder)
		if err != nil {
			return err
		}
		srv.Folder = folder
	}
	var err error
	*srv, err = normalized(*srv)
	return err
}

// parseFolder reads a JSON string or null.
func parseFolder(raw json.RawMessage) (*string, error) {
	var folder *string
	if err := json.Unmarshal(raw, &folder); err != nil {
		return nil, storage.Invalid("folder", "must be a string, or null for no folder")
	}
	return trimmed(folder), nil
}

// BulkRequest adds many servers; each succeeds or fails on its own.
type BulkRequest struct {
	Servers []BulkServer `json:"servers"`
	Preset  string       `json:"preset,omitempty"`
}

// BulkServer is one line of a pasted list.
type BulkServer struct {
	Name   string  `json:"name"`
	URL    string  `json:"url"`
	Folder *string `json:"folder,omitempty"`
}

// Validate implements rest.Validator.
func (r BulkRequest) Validate() error {
	if len(r.Servers) == 0 || len(r.Servers) > maxBulk {
		return storage.Invalid("servers", "give 1 to 1000 servers")
	}
	if r.Preset != "" && !validPreset(r.Preset) {
		return errPreset()
	}
	return nil
}

// InstallRequest asks for a new install token; without a preset the last one is used again.
type InstallRequest struct {
	Preset string `json:"preset,omitempty"`
}

// Validate implements rest.Validator.
func (r InstallRequest) Validate() error {
	if r.Preset != "" && !validPreset(r.Preset) {
		return errPreset()
	}
	return nil
}

// ReorderServersRequest holds server ids in their new order.
type ReorderServersRequest struct {
	ServerIDs []int64 `json:"server_ids"`
}

// Validate implements rest.Validator.
func (r ReorderServersRequest) Validate() error { return validIDs(r.ServerIDs) }

func validIDs(ids []int64) error {
	if len(ids) == 0 || len(ids) > maxIDs {
		return storage.Invalid("server_ids", "give at least one server id")
	}
	seen := make(map[int64]bool, len(ids))
	for _, id := range ids {
		if seen[id] {
			return storage.Invalid("server_ids", "each server may stand in the list once")
		}
		seen[id] = true
	}
	return nil
}

// MoveToFolderRequest moves servers; a folder of null takes them out of theirs.
type MoveToFolderRequest struct {
	ServerIDs []int64         `json:"server_ids"`
	Folder    json.RawMessage `json:"folder"`
}

// Validate implements rest.Validator.
func (r MoveToFolderRequest) Validate() error {
	if err := validIDs(r.ServerIDs); err != nil {
		return err
	}
	if r.Folder == nil {
		return storage.Invalid("folder", "name a folder, or null for none")
	}
	folder, err := parseFolder(r.Folder)
	if err != nil || folder == nil {
		return err
	}
	return storage.ValidateFolder("folder", *folder)
}

// CreateFolderRequest adds an empty folder.
type CreateFolderRequest struct {
	Name string `json:"name"`
}

// Validate implements rest.Validator.
func (r CreateFolderRequest) Validate() error { return storage.ValidateFolder("name", r.Name) }

// ReorderFoldersRequest holds folder names in their new order.
type ReorderFoldersRequest struct {
	Names []string `json:"names"`
}

// Validate implements rest.Validator.
func (r ReorderFoldersRequest) Validate() error {
	if len(r.Names) == 0 || len(r.Names) > maxIDs {
		return storage.Invalid("names", "give at least one folder name")
	}
	seen := make(map[string]bool, len(r.Names))
	for _, name := range r.Names {
		if seen[name] {
			return storage.Invalid("names", "each folder may stand in the list once")
		}
		seen[name] = true
	}
	return nil
}

// RenameFolderRequest renames a folder.
type RenameFolderRequest struct {
	OldName string `json:"old_name"`
	NewName string `json:"new_name"`
}

// Validate implements rest.Validator.
func (r RenameFolderRequest) Validate() error {
	if err := storage.ValidateFolder("old_name", r.OldName); err != nil {
		return err
	}
	return storage.ValidateFolder("new_name", r.NewName)
}
