import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { apiUrl, checkSession } from '../lib/api'
import type { LiveBatch } from '../api/types'
import { EventStream } from '../lib/event-stream'
import { serversQuery, sparklinesQuery, foldersQuery } from '../lib/fleet'
import { heldKey } from '../lib/held'
import { live } from '../lib/live'
import { settingsQuery } from '../lib/settings'
import { sessionQuery } from '../lib/session'
import { setTimeZone } from '../lib/use-format'

/** Fills the live store: the list and the history once, then what the event stream tells. Mounted once, in the layout. */
export function useLiveConnection(stream: EventStream): void {
  const servers = useQuery(serversQuery).data
  const history = useQuery(sparklinesQuery).data
  const zone = useQuery(settingsQuery).data?.timezone
  useEffect(() => {
    if (servers) live.replace(servers)
  }, [servers])
  useEffect(() => {
    if (history) live.seedTraces(history)
  }, [history])
  useEffect(() => {
    if (zone) setTimeZone(zone)
  }, [zone])
  useEffect(() => stream.start(), [stream])
}

/** The stream of this tab, with its handlers bound to the query client. */
export function useEventStream(): EventStream {
  const client = useQueryClient()
  const ref = useRef<EventStream>(null)
  if (!ref.current) {
    let greeted = false
    const listChanged = () => {
      void client.invalidateQueries({ queryKey: serversQuery.queryKey })
      void client.invalidateQueries({ queryKey: foldersQuery.queryKey })
    }
    ref.current = new EventStream({
      url: () => apiUrl('events'),
      on: {
        hello: () => {
          if (greeted) {
            // Back after a pause: one snapshot, then changes again.
            listChanged()
            void client.invalidateQueries({ queryKey: sparklinesQuery.queryKey })
            void client.invalidateQueries({ queryKey: heldKey })
          }
          greeted = true
        },
        live: (batch: LiveBatch) => live.apply(batch.servers),
        fleet: listChanged,
        firewall: () => void client.invalidateQueries({ queryKey: heldKey }),
      },
      onTrouble: () => {
        void checkSession().then((state) => {
          if (state === 'out') client.setQueryData(sessionQuery.queryKey, { authenticated: false })
        })
      },
    })
  }
  return ref.current
}
