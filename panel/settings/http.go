package settings

import (
	"net/http"

	"monitoring/panel/rest"
	"monitoring/storage"
)

// Routes are mounted at /api/settings.
func (s *Service) Routes(r rest.Router) {
	r.Get("/", s.list)
	r.Get("/{key}", s.get)
	r.Put("/{key}", s.put)
}

// ListResponse holds every setting there is, stored or default.
type ListResponse struct {
	Settings map[string]string `json:"settings"`
}

// SetRequest is the body of PUT /{key}.
type SetRequest struct {
	Value string `json:"value"`
}

// Response is one setting.
type Response struct {
	Success bool   `json:"success"`
	Key     string `json:"key"`
	Value   string `json:"value"`
}

func (s *Service) list(w http.ResponseWriter, _ *http.Request) error {
	stored := s.Get()
	all := make(map[string]string, len(storage.SettingsList))
	for _, d := range storage.SettingsList {
		all[d.Key] = stored.Get(d.Key)
	}
	return rest.Encode(w, http.StatusOK, ListResponse{all})
}

func (s *Service) get(w http.ResponseWriter, r *http.Request) error {
	key := rest.Param(r, "key")
	if !storage.IsSetting(key) {
		return storage.ErrNotFound
	}
	return rest.Encode(w, http.StatusOK, Response{true, key, s.Get().Get(key)})
}

func (s *Service) put(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[SetRequest](r)
	if err != nil {
		return err
	}
	key := rest.Param(r, "key")
	if err := s.Set(r.Context(), key, req.Value); err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, Response{true, key, req.Value})
}
