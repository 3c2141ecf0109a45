package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"monitoring/agent/api"
	"monitoring/agent/host"
)

const (
	maxShells  = 4 // interactive ones at a time
	shellLife  = 8 * time.Hour
	shellIdle  = 30 * time.Minute // without a key or a byte of output
	shellCheck = time.Minute
	answerTime = 10 * time.Second // for the panel to take what is sent to it
	maxCols    = 1000
)

// terminal is an interactive shell on a pseudo terminal, until either side ends it, nothing happens for long, or its time
// is over.
func (x *Exec) terminal(w http.ResponseWriter, r *http.Request) error {
	size, err := readSize(r.URL.Query().Get("cols"), r.URL.Query().Get("rows"))
	if err != nil {
		return err
	}
	select {
	case x.shell <- struct{}{}:
		defer func() { <-x.shell }()
	default:
		return fail(api.CodeBusy, "%d shells are open on this node already; close one", maxShells)
	}
	shell, err := x.host.Shell(uint16(size.Cols), uint16(size.Rows)) // readSize has bounded both
	if err != nil {
		return fail(api.CodeFailed, "no shell could be started: %v", err)
	}
	defer shell.Close()
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return ErrAnswered // the library has answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(api.MaxFrame)
	x.log.Info("the panel opened a shell", "pid", shell.PID())
	began := time.Now()
	end := x.attach(r.Context(), conn, shell)
	shell.Close() // takes nothing more while the panel is told
	x.log.Info("the shell of the panel ended", "pid", shell.PID(), "after", time.Since(began).Round(time.Second), "exit", end.ExitCode, "reason", end.Reason)
	b, _ := json.Marshal(end)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), answerTime)
	defer cancel()
	_ = conn.Write(ctx, websocket.MessageText, b) // a panel that has gone does not mind
	_ = conn.Close(websocket.StatusNormalClosure, "")
	return nil
}

// ErrAnswered is an error whose answer is on its way already.
var ErrAnswered = errors.New("the request is no WebSocket handshake")

// attach passes bytes between the panel and the shell until one of them ends. Its ctx is not for conn: one that ends
// while something is read or written closes the connection, and how the shell ended would reach nobody. Closing conn and
// shell, as the caller does, ends both directions.
func (x *Exec) attach(ctx context.Context, conn *websocket.Conn, shell *host.Shell) api.TerminalEnd {
	ctx, cancel := context.WithTimeout(ctx, shellLife)
	defer cancel()
	var touched atomic.Int64
	touch := func() { touched.Store(time.Now().UnixNano()) }
	touch()
	ended := make(chan api.TerminalEnd, 3)
	go func() { ended <- fromPanel(conn, shell, touch) }()
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		if err := toPanel(conn, shell, touch); err != nil {
			ended <- api.EndedBecause("the panel has gone")
		}
	}()
	idle := time.NewTicker(shellCheck)
	defer idle.Stop()
	for {
		select {
		case <-shown: // the shell has closed its terminal
			return api.TerminalEnd{ExitCode: shell.Wait()}
		case end := <-ended:
			return end
		case <-ctx.Done():
			return api.EndedBecause("its time is over")
		case now := <-idle.C:
			if now.UnixNano()-touched.Load() > int64(shellIdle) {
				return api.EndedBecause("nothing happened for a long time")
			}
		}
	}
}

// fromPanel passes on what is typed, and says why it stopped.
func fromPanel(conn *websocket.Conn, shell *host.Shell, touch func()) api.TerminalEnd {
	for {
		kind, data, err := conn.Read(context.Background())
		if err != nil {
			return api.EndedBecause("the panel has gone")
		}
		touch()
		if kind == websocket.MessageBinary {
			if _, err := shell.Write(data); err != nil {
				return api.EndedBecause("the shell takes no input")
			}
			continue
		}
		var size api.TerminalSize
		if json.Unmarshal(data, &size) != nil || !fits(size) {
			return api.EndedBecause("the panel sent what is no window size")
		}
		if err := shell.Resize(uint16(size.Cols), uint16(size.Rows)); err != nil {
			return api.EndedBecause("the window could not be resized")
		}
	}
}

// toPanel passes on what is shown, until the shell closes its terminal.
func toPanel(conn *websocket.Conn, shell io.Reader, touch func()) error {
	buf := make([]byte, api.MaxFrame/2)
	for {
		n, err := shell.Read(buf)
		if n > 0 {
			touch()
			limited, cancel := context.WithTimeout(context.Background(), answerTime)
			werr := conn.Write(limited, websocket.MessageBinary, buf[:n])
			cancel()
			if werr != nil {
				return werr
			}
		}
		if err != nil {
			return nil // the other end of a pseudo terminal goes with EIO
		}
	}
}

func readSize(cols, rows string) (api.TerminalSize, error) {
	read := func(text string, def int) int {
		n, err := strconv.Atoi(text)
		if text == "" {
			return def
		}
		if err != nil || n < 0 || n > maxCols {
			return 0
		}
		return n
	}
	size := api.TerminalSize{Cols: read(cols, 80), Rows: read(rows, 24)}
	if !fits(size) {
		return size, invalid("cols", "and rows are 1 to %d", maxCols)
	}
	return size, nil
}

func fits(s api.TerminalSize) bool {
	return s.Cols > 0 && s.Rows > 0 && s.Cols <= maxCols && s.Rows <= maxCols
}
