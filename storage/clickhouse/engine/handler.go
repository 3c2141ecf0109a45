package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"time"
)

// readerDeadline is how long a reader's answer may take, to the last byte, with some time to wait for a connection.
const readerDeadline = 2 * readerSeconds * time.Second

// handler serves ClickHouse's HTTP interface.
type handler struct {
	engine    *engine
	users     []user
	sandboxed bool // readers are let in only then
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/ping":
		_, _ = w.Write([]byte("Ok.\n"))
		return
	case r.URL.Path != "/" && r.URL.Path != "/query":
		http.NotFound(w, r)
		return
	case r.URL.Path == "/" && r.Method != http.MethodPost && r.URL.RawQuery == "":
		_, _ = w.Write([]byte("Ok.\n"))
		return
	}
	u, e := h.authenticate(r)
	if e != nil {
		writeException(w, e)
		return
	}
	req, err := parseRequest(r)
	if err == nil {
		err = u.mayAsk(r, req)
	}
	if err != nil {
		writeException(w, asException(err))
		return
	}
	id := strings.ToLower(rand.Text())
	a, err := newAnswer(w, req, id)
	if err == nil {
		err = h.run(r.Context(), u, req, a, id)
	}
	if err == nil {
		return
	}
	e = asException(err)
	e.text = strings.ReplaceAll(e.text, mark(id), "")
	if a == nil {
		writeException(w, e)
		return
	}
	a.fail(e)
}

// mayAsk refuses what needs no parser to be refused.
func (u user) mayAsk(r *http.Request, req *request) error {
	o := req.outline
	switch {
	case o.refused != "":
		return fail(codeAccessDenied, "ACCESS_DENIED", u.Name+": "+o.refused+" is refused: files of the server are nobody's.")
	case u.ReadOnly && o.reads != "":
		return fail(codeAccessDenied, "ACCESS_DENIED", u.Name+": "+o.reads+" is refused: it names a function that reads files of the server.")
	case u.ReadOnly && o.unlimits:
		return fail(codeReadonly, "READONLY", u.Name+": DEFAULT is refused as the value of a setting.")
	case u.ReadOnly && o.insert, r.Method != http.MethodPost && o.insert:
		return fail(codeReadonly, "READONLY", u.Name+": Cannot execute query in readonly mode.")
	case r.Method != http.MethodPost && r.Method != http.MethodGet && r.Method != http.MethodHead:
		return fail(codeBadArguments, "BAD_ARGUMENTS", "Send GET or POST.")
	}
	return nil
}

// run executes the request on a connection of the user's pool.
func (h *handler) run(ctx context.Context, u user, req *request, a *answer, id string) error {
	if strings.TrimSpace(req.sql) == helloQuery {
		block, err := hello(req.revision)
		if err != nil {
			return err
		}
		return a.write(block)
	}
	if u.ReadOnly {
		req.shorten()
		// One who does not fetch the answer must not keep the connection. A writer without deadlines is a test's.
		limited := http.NewResponseController(a.w)
		_ = limited.SetWriteDeadline(time.Now().Add(readerDeadline))
		defer func() { _ = limited.SetWriteDeadline(time.Time{}) }() // the client's next request has its own
	}
	c, give, err := h.engine.take(ctx, u.ReadOnly)
	if err != nil {
		return err
	}
	defer give()
	class, count := c.classify(req.sql)
	if err := check(u, req, class, count); err != nil {
		return err
	}
	stop := h.engine.cancelWith(ctx, id)
	defer stop()
	defer c.reset()
	err = c.set(req)
	if err == nil {
		err = c.answer(req, class, a, id)
	}
	if err != nil {
		c.rinse()
	}
	return err
}

// answer runs the statement of a request.
func (c *conn) answer(req *request, class uint32, a *answer, id string) error {
	s := statement{sql: mark(id) + req.sql, format: req.format, params: req.params}
	switch {
	case req.rows != nil:
		rows, err := c.insert(s, req.rows)
		if err == nil {
			a.wrote(rows)
		}
		return err
	case class == classReadOnly && req.streams():
		return c.stream(s, a.write)
	}
	return c.runTo(s, a.write)
}

// check looks at what ClickHouse's parser says. A text that does not parse is let through, since the answer then is the
// parser's own complaint; but a reader's must parse into one reading statement.
func check(u user, req *request, class, count uint32) error {
	switch {
	case class == classUnknown && !u.ReadOnly:
		return nil
	case class == classUnknown:
		return fail(codeSyntax, "SYNTAX_ERROR", "This is no statement that a reader may run, or it does not parse.")
	case count != 1 && req.rows == nil:
		return fail(codeSyntax, "SYNTAX_ERROR", "Multi-statements are not allowed.")
	case u.ReadOnly && class != classReadOnly:
		return fail(codeReadonly, "READONLY", u.Name+": Cannot execute query in readonly mode.")
	}
	return nil
}

// streams reports whether the answer may go out piece by piece: the library streams queries and no SHOW, and not every
// format bears it.
func (req *request) streams() bool {
	format := req.format
	if req.outline.format != "" {
		format = req.outline.format
	}
	return req.outline.query && streamed[strings.ToLower(format)]
}

func asException(err error) *exception {
	var e *exception
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fail(codeQueryCancelled, "QUERY_WAS_CANCELLED", "Query was cancelled.")
	}
	return fail(codeUnknownException, "UNKNOWN_EXCEPTION", err.Error())
}
