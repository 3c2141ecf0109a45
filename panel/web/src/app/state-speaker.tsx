import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { LiveServer } from '../api/types'
import { useServers } from '../lib/fleet'
import { live } from '../lib/live'

/** Tells screen readers when a server goes or comes back; live figures are not read out. */
export function StateSpeaker() {
  const { t } = useTranslation('app')
  const servers = useServers().data
  const [text, setText] = useState('')
  useEffect(() => {
    const known = new Map<number, LiveServer['status']>()
    const look = () => {
      const said: string[] = []
      for (const [id, v] of live.all()) {
        const old = known.get(id)
        known.set(id, v.status)
        if (!old || old === v.status) continue
        const name = servers?.find((s) => s.id === id)?.name
        if (name && v.status === 'offline') said.push(t('say.offline', { name }))
        if (name && v.status === 'online' && old === 'offline') said.push(t('say.online', { name }))
      }
      if (said.length > 0) setText(said.slice(0, 3).join('. '))
    }
    look()
    return live.subscribeAll(look)
  }, [servers, t])
  return <div className="sr" role="status" aria-live="polite">{text}</div>
}
