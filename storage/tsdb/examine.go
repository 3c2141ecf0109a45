package tsdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"
)

// Before the storages are opened for good they are examined, for the engine ends the process when a part is damaged:
//
//  1. Always: the lengths of all files, see partcheck.go. A month with a damaged part goes to quarantine.
//  2. After an unclean end: each storage is opened once in a child process. If the child dies, it is repeated with one
//     month hidden at a time, newest first, and the month without which it opens goes to quarantine.
//  3. After two unclean ends in a row, the child reads everything, too.
//
// The child works in a view, a directory of links. So nothing is moved until a month is found guilty, and whoever kills
// the panel or the child meanwhile leaves everything in its place.

const (
	viewDir      = "probe"
	runningFile  = "running" // holds the number of starts without a clean end
	deepAfter    = 2         // unclean ends in a row
	shallowLimit = 30 * time.Second
	deepLimit    = 5 * time.Minute
	examineLimit = 15 * time.Minute // of all tiers together
	healthyAfter = 10 * time.Minute // a process that lived so long did not die of what it opened
)

// verdict is what a child process said about a view.
type verdict int

const (
	opens   verdict = iota
	dies            // by itself: an error, a panic or a fault
	unknown         // somebody killed it, or it took too long
)

// examiner looks at the tiers of the database in root.
type examiner struct {
	root  string
	probe []string // command that a view is appended to; empty: no children
	lock  *dirLock
	log   *slog.Logger
}

// examine looks at the tiers and moves what would end the process to quarantine. It keeps nothing from opening: what goes
// wrong in here is logged.
func (x *examiner) examine(ctx context.Context, tiers []*tier, unclean int) {
	ctx, cancel := context.WithTimeout(ctx, examineLimit)
	defer cancel()
	for _, tier := range tiers {
		if err := x.checkLengths(tier.dir); err != nil {
			x.log.Error("check metrics store", "tier", tier.name, "err", err)
		}
		if unclean == 0 || len(x.probe) == 0 {
			continue
		}
		if err := x.openInChild(ctx, tier.dir, unclean >= deepAfter); err != nil {
			x.log.Error("look closer at metrics store after an unclean end", "tier", tier.name, "err", err)
		}
	}
}

func (x *examiner) checkLengths(tier string) error {
	list, err := partitions(tier)
	if err != nil {
		return err
	}
	for _, p := range list {
		err := p.check()
		if damaged, ok := errors.AsType[*damageError](err); ok {
			err = x.take(p, damaged.Error())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *examiner) take(p partition, reason string) error {
	if err := quarantine(x.root, p, reason, time.Now()); err != nil {
		return err
	}
	x.log.Error("a month of metrics is damaged and was moved to quarantine, the rest is served",
		"tier", filepath.Base(p.tier), "partition", p.name, "reason", reason, "dir", filepath.Join(x.root, quarantineDir))
	return nil
}

// openInChild finds the months of which a child process dies.
func (x *examiner) openInChild(ctx context.Context, tier string, deep bool) error {
	all, err := partitions(tier)
	if err != nil {
		return err
	}
	c := &children{examiner: x, tier: tier, deep: deep}
	defer c.clean()
	if v := c.run(ctx, all); v != dies {
		return c.failed(v)
	}
	for i, p := range all {
		rest := slices.Delete(slices.Clone(all), i, i+1)
		if c.run(ctx, rest) == opens && c.run(ctx, all[i:i+1]) == dies {
			return x.take(p, c.reason)
		}
	}
	return c.several(ctx, all)
}

// several is for more than one guilty month: from none on, each is added, and stays if the child lives.
func (c *children) several(ctx context.Context, all []partition) error {
	if v := c.run(ctx, nil); v == dies {
		return fmt.Errorf("the storage engine ends without any partition, too: %s", c.reason)
	} else if v == unknown {
		return c.failed(v)
	}
	var kept []partition
	for _, p := range all {
		switch c.run(ctx, append(slices.Clone(kept), p)) {
		case opens:
			kept = append(kept, p)
		case dies:
			if err := c.take(p, c.reason); err != nil {
				return err
			}
		default:
			return c.failed(unknown)
		}
	}
	return nil
}
