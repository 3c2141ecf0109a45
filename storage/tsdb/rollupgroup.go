package tsdb

// A metricGroup is all series of one metric that a search found, of any label set, with the blocks of each aggregate. The
// engine sorts by metric first, so a search over everything needs the memory of one group at a time.
type metricGroup struct {
	metric string
	series []groupSeries
	blocks blockList
	names  []byte           // of the series, as insertName makes them
	index  map[string]int32 // to series, by name in the engine's form
}

type groupSeries struct {
	found      string // name in the engine's form
	start, end int    // in names
	target     string // key
	chains     [aggregations]chain
}

func (g *metricGroup) insertName(s *groupSeries) []byte { return g.names[s.start:s.end:s.end] }

// eachMetric hands out what a search finds, metric by metric. Samples as scraped are in the chain of aggAvg.
func eachMetric(found *search, each func(*metricGroup) error) error {
	g := &metricGroup{index: map[string]int32{}}
	var (
		namer   rollupNamer
		prev    []byte
		current *chain // nil: not to be handed out
	)
	for found.next() {
		name := found.seriesName()
		if prev == nil || string(prev) != string(name) {
			prev = append(prev[:0], name...)
			aggregate, err := namer.read(name)
			if err != nil {
				return err
			}
			if string(namer.metric()) != g.metric {
				if err := g.finish(each); err != nil {
					return err
				}
				g.metric = string(namer.metric())
			}
			current = g.chain(&namer, aggregate)
		}
		if current != nil {
			g.blocks.add(current, found.block())
		}
	}
	if err := found.error(); err != nil {
		return err
	}
	return g.finish(each)
}

// chain returns where the blocks of the series belong that the namer has read.
func (g *metricGroup) chain(namer *rollupNamer, aggregate string) *chain {
	a := aggAvg
	if aggregate != "" {
		var ok bool
		if a, ok = aggregationOf(aggregate); !ok {
			return nil
		}
	}
	base := namer.series()
	i, ok := g.index[string(base)]
	if !ok {
		i = int32(len(g.series))
		s := groupSeries{found: string(base), start: len(g.names), target: namer.target()}
		for a := range s.chains {
			s.chains[a] = noBlocks
		}
		g.names = namer.insertName(g.names)
		s.end = len(g.names)
		g.series = append(g.series, s)
		g.index[s.found] = i
	}
	return &g.series[i].chains[a]
}

func (g *metricGroup) finish(each func(*metricGroup) error) error {
	if len(g.series) == 0 {
		return nil
	}
	err := each(g)
	clear(g.series)
	clear(g.index)
	g.series, g.blocks, g.names = g.series[:0], g.blocks[:0], g.names[:0]
	return err
}
