package billing

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"monitoring/panel/rest"
	"monitoring/storage"
)

// Routes are mounted at /api/billing.
func (s *Service) Routes(r rest.Router) {
	r.Get("/servers", s.list)
	r.Post("/servers", s.create)
	r.Post("/servers/move-to-folder", s.move)
	r.Put("/servers/{id}", s.update)
	r.Delete("/servers/{id}", s.remove)
	r.Post("/servers/{id}/extend", s.extend)
	r.Post("/servers/{id}/topup", s.topUp)
	r.Post("/folders/rename", s.renameFolder)
	r.Delete("/folders/{name}", s.deleteFolder)
	r.Get("/settings", s.getSettings)
	r.Put("/settings", s.putSettings)
}

// BillsResponse lists the bills, the one that expires first at the top.
type BillsResponse struct {
	Servers []BillItem `json:"servers"`
	Count   int        `json:"count"`
}

// BillResponse is one bill after a change.
type BillResponse struct {
	Success bool     `json:"success"`
	Server  BillItem `json:"server"`
}

func (s *Service) list(w http.ResponseWriter, r *http.Request) error {
	items, err := s.Items(r.Context())
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, BillsResponse{items, len(items)})
}

func (s *Service) create(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[CreateBillRequest](r)
	if err != nil {
		return err
	}
	return answer(w)(s.Create(r.Context(), req))
}

// answer writes the outcome of a change.
func answer(w http.ResponseWriter) func(BillItem, error) error {
	return func(v BillItem, err error) error {
		if err != nil {
			return err
		}
		return rest.Encode(w, http.StatusOK, BillResponse{true, v})
	}
}

func (s *Service) update(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	req, err := rest.Decode[UpdateBillRequest](r)
	if err != nil {
		return err
	}
	return answer(w)(s.Update(r.Context(), id, req))
}

func (s *Service) remove(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	if err := s.o.Store.DeleteBill(r.Context(), id); err != nil {
		return fmt.Errorf("delete bill: %w", err)
	}
	return rest.Done(w)
}

func (s *Service) extend(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	req, err := rest.Decode[ExtendBillRequest](r)
	if err != nil {
		return err
	}
	return answer(w)(s.Extend(r.Context(), id, req.Days))
}

func (s *Service) topUp(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	req, err := rest.Decode[TopUpBillRequest](r)
	if err != nil {
		return err
	}
	return answer(w)(s.TopUp(r.Context(), id, req.Amount))
}

// MoveBillsResponse counts the bills that moved.
type MoveBillsResponse struct {
	Success bool `json:"success"`
	Moved   int  `json:"moved"`
}

func (s *Service) move(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[MoveBillsRequest](r)
	if err != nil {
		return err
	}
	n, err := s.o.Store.MoveBills(r.Context(), req.ServerIDs, trimmed(req.Folder))
	if err != nil {
		return fmt.Errorf("move bills: %w", err)
	}
	return rest.Encode(w, http.StatusOK, MoveBillsResponse{true, n})
}

// RenameBillFolderResponse counts the bills of the folder.
type RenameBillFolderResponse struct {
	Success bool `json:"success"`
	Renamed int  `json:"renamed"`
}

func (s *Service) renameFolder(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[RenameBillFolderRequest](r)
	if err != nil {
		return err
	}
	n, err := s.o.Store.RenameBillFolder(r.Context(), req.OldName, strings.TrimSpace(req.NewName))
	if err != nil {
		return fmt.Errorf("rename folder: %w", err)
	}
	return rest.Encode(w, http.StatusOK, RenameBillFolderResponse{true, n})
}

// DeleteBillFolderResponse counts the bills that stand without a folder now.
type DeleteBillFolderResponse struct {
	Success    bool `json:"success"`
	Unfoldered int  `json:"unfoldered"`
}

func (s *Service) deleteFolder(w http.ResponseWriter, r *http.Request) error {
	n, err := s.o.Store.DeleteBillFolder(r.Context(), rest.Param(r, "name"))
	if err != nil {
		return fmt.Errorf("delete folder: %w", err)
	}
	return rest.Encode(w, http.StatusOK, DeleteBillFolderResponse{true, n})
}

func (s *Service) getSettings(w http.ResponseWriter, _ *http.Request) error {
	return rest.Encode(w, http.StatusOK, s.Settings())
}

func (s *Service) putSettings(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[UpdateBillingSettingsRequest](r)
	if err != nil {
		return err
	}
	v := s.Settings()
	if req.Enabled != nil {
		v.Enabled = *req.Enabled
	}
	if req.NotifyDays != nil {
		v.NotifyDays = slices.Compact(slices.Sorted(slices.Values(*req.NotifyDays)))
	}
	if req.CheckIntervalMinutes != nil {
		v.CheckIntervalMinutes = *req.CheckIntervalMinutes
	}
	if err := s.SetSettings(r.Context(), v); err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, BillingSettingsResponse{true, v})
}

// BillingSettingsResponse holds the settings after a change.
type BillingSettingsResponse struct {
	Success  bool                    `json:"success"`
	Settings storage.BillingSettings `json:"settings"`
}
