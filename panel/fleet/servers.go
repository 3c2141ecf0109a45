package fleet

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/postgres"
)

// Created is a new server with what its node needs to join.
type Created struct {
	Server  storage.Server
	Install Install
}

// Create adds a server at the end of the list and makes its install token.
func (s *Service) Create(ctx context.Context, req CreateServerRequest) (Created, error) {
	srv, err := req.server()
	if err != nil {
		return Created{}, err
	}
	s.change.Lock()
	defer s.change.Unlock()
	if err := s.addressIsFree(srv.URL, 0); err != nil {
		return Created{}, err
	}
	var c Created
	var ticket ticket
	err = s.o.Store.InTx(ctx, func(tx *postgres.Store) (err error) {
		if c.Server, err = tx.CreateServer(ctx, srv); err != nil {
			return fmt.Errorf("create server: %w", err)
		}
		ticket, err = s.makeTicket(ctx, tx, c.Server, req.preset())
		return err
	})
	if err != nil {
		return Created{}, err
	}
	c.Install = ticket.install
	s.refreshAfterWrite(ctx)
	s.setPreset(c.Server.ID, req.preset())
	return c, nil
}

// refreshAfterWrite needs s.change. The write has been done: if reading it back fails, Run tries again.
func (s *Service) refreshAfterWrite(ctx context.Context) {
	if err := s.refresh(context.WithoutCancel(ctx)); err != nil {
		s.log.Error("reload servers", "err", err)
	}
}

func (s *Service) setPreset(id int64, preset string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.nodes[id]; n != nil {
		n.preset = preset
	}
}

// addressIsFree refuses a second server with the same address: the agent there can be only one of them.
func (s *Service) addressIsFree(url string, except int64) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, n := range s.nodes {
		if n.id != except && n.server.URL == url {
			return rest.FailField(http.StatusConflict, "conflict", "url", "the server %q has this address already", n.server.Name)
		}
	}
	return nil
}

// Update changes the fields that the request names.
func (s *Service) Update(ctx context.Context, id int64, req UpdateServerRequest) error {
	s.change.Lock()
	defer s.change.Unlock()
	srv, err := s.Server(id)
	if err != nil {
		return err
	}
	if err := req.apply(&srv); err != nil {
		return err
	}
	if err := s.addressIsFree(srv.URL, id); err != nil {
		return err
	}
	if err := s.o.Store.UpdateServer(ctx, srv); err != nil {
		return fmt.Errorf("update server: %w", err)
	}
	s.refreshAfterWrite(ctx)
	return nil
}

// Delete removes a server; its certificates and tokens go with it and its connections are cut.
func (s *Service) Delete(ctx context.Context, id int64) error {
	s.change.Lock()
	defer s.change.Unlock()
	if err := s.o.Store.DeleteServer(ctx, id); err != nil {
		return fmt.Errorf("delete server: %w", err)
	}
	s.refreshAfterWrite(ctx)
	return nil
}

// Reinstall revokes everything that the server's agent holds and makes a new install token.
func (s *Service) Reinstall(ctx context.Context, id int64, preset string) (Install, error) {
	s.change.Lock()
	defer s.change.Unlock()
	srv, err := s.Server(id)
	if err != nil {
		return Install{}, err
	}
	if preset == "" {
		preset = s.lastPreset(id)
	}
	var ticket ticket
	err = s.o.Store.InTx(ctx, func(tx *postgres.Store) (err error) {
		if err = tx.RevokeAgentCertificates(ctx, id); err != nil {
			return fmt.Errorf("revoke certificates: %w", err)
		}
		if err = tx.DeleteInstallTokens(ctx, id); err != nil {
			return fmt.Errorf("delete install tokens: %w", err)
		}
		ticket, err = s.makeTicket(ctx, tx, srv, preset)
		return err
	})
	if err != nil {
		return Install{}, err
	}
	s.revokeAll(id, ticket)
	s.setPreset(id, preset)
	s.notify()
	return ticket.install, nil
}

// lastPreset is what the dialog asked for last, or what the agent says, or full: the owner's own server.
func (s *Service) lastPreset(id int64) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := s.nodes[id]
	switch {
	case n != nil && n.preset != "":
		return n.preset
	case n != nil && validPreset(n.about.preset):
		return n.about.preset
	default:
		return PresetFull
	}
}

// revokeAll does in memory what Reinstall did in the store, and ends the connections.
func (s *Service) revokeAll(id int64, ticket ticket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.nodes[id]
	if n == nil {
		return
	}
	now := s.now()
	for serial, c := range n.certs {
		if c.RevokedAt == nil {
			c.RevokedAt = &now
			n.certs[serial] = c
		}
	}
	n.certs[ticket.cert.Serial] = ticket.cert
	n.forgetReach()
	n.live.closeAll()
}

// Reorder puts the servers into the order of ids; those that are not named keep their order behind them.
func (s *Service) Reorder(ctx context.Context, ids []int64) error {
	s.change.Lock()
	defer s.change.Unlock()
	if err := s.allKnown(ids); err != nil {
		return err
	}
	named := make(map[int64]bool, len(ids))
	for _, id := range ids {
		named[id] = true
	}
	order := append([]int64(nil), ids...)
	for _, srv := range s.All() {
		if !named[srv.ID] {
			order = append(order, srv.ID)
		}
	}
	if err := s.o.Store.ReorderServers(ctx, order); err != nil {
		return fmt.Errorf("reorder servers: %w", err)
	}
	s.refreshAfterWrite(ctx)
	return nil
}

// MoveToFolder moves servers into a folder, or out of any with nil.
func (s *Service) MoveToFolder(ctx context.Context, ids []int64, folder *string) (int, error) {
	s.change.Lock()
	defer s.change.Unlock()
	if err := s.allKnown(ids); err != nil {
		return 0, err
	}
	moved, err := s.o.Store.MoveServers(ctx, ids, folder)
	if err != nil {
		return 0, fmt.Errorf("move servers: %w", err)
	}
	s.refreshAfterWrite(ctx)
	return moved, nil
}

func (s *Service) allKnown(ids []int64) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, id := range ids {
		if s.nodes[id] == nil {
			return storage.Invalid("server_ids", "there is no server %d", id)
		}
	}
	return nil
}

// changeFolders runs one change of the folders and reads back what it did to the servers.
func (s *Service) changeFolders(ctx context.Context, what string, f func() error) error {
	s.change.Lock()
	defer s.change.Unlock()
	if err := f(); err != nil {
		if errors.Is(err, storage.ErrNotFound) {
			return rest.Fail(http.StatusNotFound, "not_found", "there is no such folder")
		}
		if errors.Is(err, storage.ErrConflict) {
			return rest.Fail(http.StatusConflict, "conflict", "there is a folder of this name already")
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	s.refreshAfterWrite(ctx)
	s.notify() // an empty folder changes no server
	return nil
}

// newAgentID returns 128 random bits: the name of the agent is not to be guessed.
func newAgentID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	return hex.EncodeToString(b)
}
