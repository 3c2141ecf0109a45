package rest

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"
)

// Role says what a caller needs for a route. A session of the administrator holds every role.
type Role string

// The roles there are. The ones with a colon are scopes of API tokens.
const (
	Public      Role = "public"
	Session     Role = "session"
	MetricsRead Role = "metrics:read"
	VisitsRead  Role = "visits:read"
	FleetRead   Role = "fleet:read"
	FleetWrite  Role = "fleet:write"
)

// Scopes are the roles that an API token may carry.
var Scopes = []Role{MetricsRead, VisitsRead, FleetRead, FleetWrite}

// Access is what the routes of one mount need: Read for GET, Write for everything else.
type Access struct{ Read, Write Role }

// Only is the same role for every method.
func Only(role Role) Access { return Access{role, role} }

// Router is what a feature sees: it names its routes, relative to where it is mounted.
type Router interface {
	Get(pattern string, h Handler)
	Post(pattern string, h Handler)
	Put(pattern string, h Handler)
	Delete(pattern string, h Handler)
}

// Route is one line of the API surface.
type Route struct {
	Method, Path string
	Role         Role
}

func (r Route) String() string { return r.Method + " " + r.Path + " " + string(r.Role) }

// Guard wraps a handler so that only callers with the role reach it.
type Guard func(role Role, next http.Handler) http.Handler

// Mux holds every route of the panel.
type Mux struct {
	chi    *chi.Mux
	guard  Guard
	log    *slog.Logger
	routes []Route
}

// NewMux returns an empty Mux. A path that no feature mounted is dropped.
func NewMux(guard Guard, log *slog.Logger) *Mux {
	m := &Mux{chi: chi.NewRouter(), guard: guard, log: log}
	m.chi.NotFound(Drop)
	m.chi.MethodNotAllowed(Drop)
	return m
}

// Mount adds a feature's routes below prefix. It panics for an access without roles: deny by default.
func (m *Mux) Mount(prefix string, access Access, routes func(Router)) {
	if access.Read == "" || access.Write == "" {
		panic("rest: no role for " + prefix)
	}
	routes(&mount{m, prefix, access})
}

// ServeHTTP implements http.Handler.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.chi.ServeHTTP(w, r) }

// Routes lists what was mounted, sorted by path.
func (m *Mux) Routes() []Route {
	out := slices.Clone(m.routes)
	slices.SortFunc(out, func(a, b Route) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	return out
}

type mount struct {
	mux    *Mux
	prefix string
	access Access
}

func (m *mount) Get(p string, h Handler)    { m.add(http.MethodGet, p, m.access.Read, h) }
func (m *mount) Post(p string, h Handler)   { m.add(http.MethodPost, p, m.access.Write, h) }
func (m *mount) Put(p string, h Handler)    { m.add(http.MethodPut, p, m.access.Write, h) }
func (m *mount) Delete(p string, h Handler) { m.add(http.MethodDelete, p, m.access.Write, h) }

func (m *mount) add(method, pattern string, role Role, h Handler) {
	path := strings.TrimSuffix(m.prefix+pattern, "/")
	m.mux.routes = append(m.mux.routes, Route{method, path, role})
	guarded := m.mux.survive(m.mux.guard(role, m.mux.survive(m.mux.handler(h))))
	m.mux.chi.Method(method, path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guarded.ServeHTTP(begin(w, r))
	}))
}

func (m *Mux) handler(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > MaxBody {
			WriteError(w, r, m.log, errTooLarge)
			return
		}
		if err := h(w, r); err != nil {
			WriteError(w, r, m.log, err)
		}
	})
}

// survive turns a panic into a logged internal error. It stands inside the guard, which must learn the status, and
// around it. The panic of a drop passes through.
func (m *Mux) survive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler:
				panic(v)
			default:
				err := fmt.Errorf("panic: %v\n%s", v, debug.Stack())
				if Status(r.Context()) != 0 { // too late for an answer: cut it off visibly
					m.log.Error("answer request", "request", RequestID(r.Context()), "path", r.URL.Path, "err", err)
					panic(http.ErrAbortHandler)
				}
				WriteError(w, r, m.log, err)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// Param returns a path parameter, unescaped.
func Param(r *http.Request, name string) string {
	raw := chi.URLParam(r, name)
	if r.URL.RawPath == "" { // chi matches the escaped path only if there is one
		return raw
	}
	value, err := url.PathUnescape(raw)
	if err != nil {
		return raw
	}
	return value
}

// Params returns all path parameters in the order of the route, unescaped.
func Params(r *http.Request) []string {
	ctx := chi.RouteContext(r.Context())
	if ctx == nil {
		return nil
	}
	var values []string
	for _, name := range ctx.URLParams.Keys {
		values = append(values, Param(r, name))
	}
	return values
}

// ID returns a path parameter that is a positive number; anything else is not found.
func ID(r *http.Request, name string) (int64, error) {
	id, err := strconv.ParseInt(Param(r, name), 10, 64)
	if err != nil || id < 1 {
		return 0, Fail(http.StatusNotFound, "not_found", "there is no such %s", name)
	}
	return id, nil
}

// Pattern returns the route pattern that matched, as in "POST /api/servers/{id}/test".
func Pattern(r *http.Request) string {
	ctx := chi.RouteContext(r.Context())
	if ctx == nil {
		return r.Method + " " + r.URL.Path
	}
	return r.Method + " " + ctx.RoutePattern()
}

// QueryInt returns a whole number from the query, def when absent.
func QueryInt(r *http.Request, name string, def, min, max int) (int, error) {
	raw := r.URL.Query().Get(name)
	if raw == "" {
		return def, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil || n < min || n > max {
		return 0, FailField(http.StatusBadRequest, "invalid", name, "%s must be a whole number from %d to %d", name, min, max)
	}
	return n, nil
}
