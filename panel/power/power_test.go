package power

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/panel/rest/resttest"
	"monitoring/storage"
)

type agent string // its address

func (a agent) Control(id int64, _ fleet.Need) (*api.Client, error) {
	if id != 1 {
		return nil, storage.ErrNotFound
	}
	return api.NewClient(string(a), http.DefaultClient), nil
}

// What the agent does to a machine is tested in agent/control; here: what reaches it, and what does not.
func TestRequests(t *testing.T) {
	t.Parallel()
	var asked []string
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.URL.Path+" "+string(body))
		if strings.Contains(r.URL.Path, "/404/") {
			w.WriteHeader(http.StatusNotFound)
			_ = json.NewEncoder(w).Encode(api.Failure{Code: api.CodeNotFound, Detail: "process 404 has ended"})
			return
		}
		_ = json.NewEncoder(w).Encode(api.Changed{Success: true, Message: "done"})
	}))
	t.Cleanup(node.Close)
	mux := resttest.Open(t)
	mux.Mount("/{id}", rest.Only(rest.Session), New(agent(node.URL)).Routes)
	url := resttest.Listen(t, mux)
	f := func(path, body string, wantStatus int, want, wantAsked string) {
		t.Helper()
		asked = nil
		resttest.Want(t, http.MethodPost, url+path, body, wantStatus, want)
		if strings.Join(asked, "|") != wantAsked {
			t.Errorf("%s %s: asked %q, want %q", path, body, asked, wantAsked)
		}
	}
	f("/1", `{"action":"reboot","confirm":"reboot"}`, 200, `"success":true`, `/v1/power/machine {"action":"reboot"}`)
	f("/1", `{"action":"shutdown","confirm":"shutdown"}`, 200, `"success":true`, `/v1/power/machine {"action":"shutdown"}`)
	f("/1", `{"action":"reboot"}`, 400, `"field":"confirm"`, "")
	f("/1", `{"action":"shutdown","confirm":"reboot"}`, 400, `"field":"confirm"`, "")
	f("/1", `{"action":"format","confirm":"format"}`, 400, `"field":"action"`, "")
	f("/2", `{"action":"reboot","confirm":"reboot"}`, 404, "", "")
	f("/1/processes/77/signal", `{"signal":"HUP","started":5}`, 200, "done", `/v1/power/processes/77/signal {"signal":"HUP","started":5}`)
	f("/1/processes/404/signal", `{"signal":"HUP","started":5}`, 404, "has ended", `/v1/power/processes/404/signal {"signal":"HUP","started":5}`)
	f("/1/processes/77/signal", `{"signal":"HUP"}`, 400, `"field":"started"`, "")
	f("/1/processes/77/signal", `{"signal":"USR1","started":5}`, 400, `"field":"signal"`, "")
	f("/1/processes/1/signal", `{"signal":"TERM","started":5}`, 400, `"field":"pid"`, "")
	f("/1/processes/x/signal", `{"signal":"TERM","started":5}`, 400, `"field":"pid"`, "")
}
