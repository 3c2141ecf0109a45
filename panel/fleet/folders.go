package fleet

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"monitoring/panel/rest"
	"monitoring/storage"
)

func (s *Service) folderRoutes(r rest.Router) {
	r.Get("/folders", s.listFolders)
	r.Post("/folders", s.createFolder)
	r.Post("/folders/reorder", s.reorderFolders)
	r.Post("/folders/rename", s.renameFolder)
	r.Delete("/folders/{name}", s.deleteFolder)
}

// FoldersResponse lists the folders by position, empty ones too.
type FoldersResponse struct {
	Folders []storage.Folder `json:"folders"`
}

func (s *Service) listFolders(w http.ResponseWriter, r *http.Request) error {
	folders, err := s.o.Store.Folders(r.Context())
	if err != nil {
		return fmt.Errorf("list folders: %w", err)
	}
	if folders == nil {
		folders = []storage.Folder{}
	}
	return rest.Encode(w, http.StatusOK, FoldersResponse{folders})
}

func (s *Service) createFolder(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[CreateFolderRequest](r)
	if err != nil {
		return err
	}
	err = s.changeFolders(r.Context(), "create folder", func() error {
		return s.o.Store.CreateFolder(r.Context(), strings.TrimSpace(req.Name))
	})
	if err != nil {
		return err
	}
	return rest.Done(w)
}

func (s *Service) reorderFolders(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[ReorderFoldersRequest](r)
	if err != nil {
		return err
	}
	err = s.changeFolders(r.Context(), "reorder folders", func() error {
		return s.o.Store.ReorderFolders(r.Context(), req.Names)
	})
	if err != nil {
		return err
	}
	return rest.Done(w)
}

// RenameFolderResponse counts the servers that moved with the folder.
type RenameFolderResponse struct {
	Success bool `json:"success"`
	Renamed int  `json:"renamed"`
}

func (s *Service) renameFolder(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[RenameFolderRequest](r)
	if err != nil {
		return err
	}
	resp := RenameFolderResponse{Success: true}
	err = s.changeFolders(r.Context(), "rename folder", func() (err error) {
		resp.Renamed, err = s.o.Store.RenameFolder(r.Context(), req.OldName, strings.TrimSpace(req.NewName))
		return err
	})
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, resp)
}

// DeleteFolderResponse counts the servers that stand without a folder now.
type DeleteFolderResponse struct {
	Success    bool `json:"success"`
	Unfoldered int  `json:"unfoldered"`
}

func (s *Service) deleteFolder(w http.ResponseWriter, r *http.Request) error {
	name := rest.Param(r, "name")
	if r.URL.RawPath != "" { // a name with an escaped slash: then the router leaves parameters escaped
		var err error
		if name, err = url.PathUnescape(name); err != nil {
			return storage.Invalid("name", "the path is badly escaped")
		}
	}
	resp := DeleteFolderResponse{Success: true}
	err := s.changeFolders(r.Context(), "delete folder", func() (err error) {
		resp.Unfoldered, err = s.o.Store.DeleteFolder(r.Context(), name)
		return err
	})
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, resp)
}

// MoveToFolderResponse counts the servers that moved.
type MoveToFolderResponse struct {
	Success bool `json:"success"`
	Moved   int  `json:"moved"`
}

func (s *Service) moveToFolder(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[MoveToFolderRequest](r)
	if err != nil {
		return err
	}
	folder, err := parseFolder(req.Folder)
	if err != nil {
		return err
	}
	moved, err := s.MoveToFolder(r.Context(), req.ServerIDs, folder)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, MoveToFolderResponse{Success: true, Moved: moved})
}

func (s *Service) reorderServers(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[ReorderServersRequest](r)
	if err != nil {
		return err
	}
	if err := s.Reorder(r.Context(), req.ServerIDs); err != nil {
		return err
	}
	return rest.Done(w)
}
