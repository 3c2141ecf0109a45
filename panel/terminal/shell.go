package terminal

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
)

const (
	ticketLife  = 30 * time.Second
	maxTickets  = 100
	maxShells   = 20 // of the whole panel
	maxOfServer = 4
	shellLife   = 8 * time.Hour
	shellIdle   = 15 * time.Minute // without a key typed; output alone keeps no shell open
	idleCheck   = 30 * time.Second
	openTime    = 15 * time.Second
	frameTime   = 10 * time.Second // for one message to be taken
)

// TicketRequest asks for a shell.
type TicketRequest struct {
	Cols int `json:"cols"`
	Rows int `json:"rows"`
}

// TicketResponse names the WebSocket that is the shell: GET /api/terminal/{ticket}, once, within 30 seconds. Binary
// messages are what is typed and what is shown; text messages are a new window size towards the server, and the end of
// the shell from it.
type TicketResponse struct {
	Ticket    string    `json:"ticket"`
	ExpiresAt time.Time `json:"expires_at"`
}

// ticket is the part of opening a shell that changes something: it is checked, audited and not a GET.
func (s *Service) ticket(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	req, err := rest.Decode[TicketRequest](r)
	if err != nil {
		return err
	}
	rest.Note(r.Context(), rest.Param(r, "id"), "open a shell")
	if _, err := s.fleet.Control(id, toRun); err != nil {
		return err
	}
	t := ticket{server: id, size: api.TerminalSize{Cols: req.Cols, Rows: req.Rows}, expires: time.Now().Add(ticketLife)}
	name, ok := s.tickets.add(t)
	if !ok {
		return rest.Fail(http.StatusConflict, "terminal_busy", "so many shells are being opened already; try again in half a minute")
	}
	return rest.Encode(w, http.StatusOK, TicketResponse{name, t.expires})
}

// shell connects a browser with a shell. It ends with either side, with the session, and after a while of silence.
func (s *Service) shell(w http.ResponseWriter, r *http.Request) error {
	t, ok := s.tickets.take(rest.Param(r, "ticket"))
	if !ok {
		return rest.Fail(http.StatusNotFound, "ticket_unknown", "this ticket was used already, or is too old; ask for another one")
	}
	if !s.shells.take(t.server) {
		return rest.Fail(http.StatusConflict, "terminal_busy", "too many shells are open; close one")
	}
	defer s.shells.give(t.server)
	client, err := s.fleet.Control(t.server, toRun)
	if err != nil {
		return err
	}
	opening, cancel := context.WithTimeout(r.Context(), openTime)
	node, err := client.Terminal(opening, t.size)
	cancel()
	if err != nil {
		return fleet.AgentError(err, toRun)
	}
	defer node.CloseNow()
	browser, err := websocket.Accept(w, r, nil) // refuses other origins
	if err != nil {
		return nil // it has answered
	}
	defer browser.CloseNow()
	browser.SetReadLimit(api.MaxFrame)
	s.open.Inc()
	defer s.open.Dec()
	s.log.Info("shell opened", "server", t.server)
	reason := join(r.Context(), browser, node)
	s.log.Info("shell ended", "server", t.server, "reason", reason)
	return nil
}

// join passes messages between browser and node until one of them ends, and returns why. Its ctx is not for reading and
// writing: one that ends meanwhile closes the connection, and the last word would reach nobody.
func join(ctx context.Context, browser, node *websocket.Conn) string {
	ctx, cancel := context.WithTimeout(ctx, shellLife)
	defer cancel()
	var typed atomic.Int64
	typed.Store(time.Now().UnixNano())
	ended := make(chan string, 2)
	go func() {
		ended <- pass(ctx, node, browser, func() { typed.Store(time.Now().UnixNano()) }, "closed in the browser")
	}()
	go func() { ended <- pass(ctx, browser, node, func() {}, "the shell ended") }()
	check := time.NewTicker(idleCheck)
	defer check.Stop()
	for {
		select {
		case reason := <-ended:
			_ = browser.Close(websocket.StatusNormalClosure, "")
			return reason
		case <-ctx.Done():
			tell(browser, api.EndedBecause("the session ended, or the shell was open for too long"))
			return "its time is over"
		case now := <-check.C:
			if now.UnixNano()-typed.Load() > int64(shellIdle) {
				cancel()
				tell(browser, api.EndedBecause("closed: nothing was typed for %.0f minutes", shellIdle.Minutes()))
				return "idle"
			}
		}
	}
}

// pass copies messages until reading or writing fails, and drops those that come after ctx has ended.
func pass(ctx context.Context, to, from *websocket.Conn, seen func(), end string) string {
	for {
		kind, data, err := from.Read(context.Background())
		if err != nil {
			return end
		}
		if ctx.Err() != nil {
			continue
		}
		seen()
		limited, cancel := context.WithTimeout(context.Background(), frameTime)
		err = to.Write(limited, kind, data)
		cancel()
		if err != nil {
			return "the other side takes no more"
		}
	}
}

// tell ends a browser's shell with a word.
func tell(browser *websocket.Conn, end api.TerminalEnd) {
	b, err := json.Marshal(end)
	if err != nil {
		return // a struct of texts
	}
	ctx, cancel := context.WithTimeout(context.Background(), frameTime)
	defer cancel()
	_ = browser.Write(ctx, websocket.MessageText, b) // who has gone needs no word
	_ = browser.Close(websocket.StatusNormalClosure, "")
}

// ticket is a shell that may be opened once.
type ticket struct {
	server  int64
	size    api.TerminalSize
	expires time.Time
}

type tickets struct {
	mu   sync.Mutex
	list map[string]ticket
}

func newTickets() *tickets { return &tickets{list: map[string]ticket{}} }

func (t *tickets) add(v ticket) (name string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, old := range t.list {
		if time.Now().After(old.expires) {
			delete(t.list, name)
		}
	}
	if len(t.list) >= maxTickets {
		return "", false
	}
	name = rand.Text()
	t.list[name] = v
	return name, true
}

func (t *tickets) take(name string) (ticket, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.list[name]
	delete(t.list, name)
	return v, ok && time.Now().Before(v.expires)
}

// places bounds the shells that are open.
type places struct {
	mu  sync.Mutex
	all int
	by  map[int64]int // by server
}

func (p *places) take(server int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all >= maxShells || p.by[server] >= maxOfServer {
		return false
	}
	p.all++
	p.by[server]++
	return true
}

func (p *places) give(server int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all--
	if p.by[server]--; p.by[server] == 0 {
		delete(p.by, server)
	}
}
