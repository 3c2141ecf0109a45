import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { HAProxyChanged, HAProxyConfig } from '../../api/types'
import { api, ApiError } from '../../lib/api'
import { base, readConfig, slow } from './queries'
import { type Word, wordsOf } from './words'

/** A changed text, and the file that it was made from: only that file may be replaced by it. */
interface Draft {
  from: HAProxyConfig
  text: string
}

/** HAProxy's verdict on one text. */
export interface Verdict {
  text: string
  valid: boolean
  words: Word[]
}

const key = (id: number) => ['haproxy', id, 'config']

/** The configuration of a server, and the change of it that is being written. */
export function useConfig(id: number, statusHash: string | undefined, enabled: boolean) {
  const client = useQueryClient()
  const query = useQuery({ queryKey: key(id), queryFn: () => readConfig(id), retry: false, enabled, staleTime: Number.POSITIVE_INFINITY })
  const [draft, setDraft] = useState<Draft | null>(null)
  const [verdict, setVerdict] = useState<Verdict | null>(null)
  const file = query.data
  const from = draft?.from ?? file
  const text = draft?.text ?? file?.content ?? ''
  const changedMeanwhile = Boolean(draft && file && file.hash !== draft.from.hash)

  // Somebody else's change is seen first in the hash of the file's state.
  const known = file?.hash
  useEffect(() => {
    if (statusHash && known !== undefined && statusHash !== known) void client.invalidateQueries({ queryKey: key(id) })
    // eslint-disable-next-line react-hooks/exhaustive-deps -- our own change is known before the state tells of it
  }, [statusHash])

  /** What the editor shows is replaced when the file is another one or the draft is given up, never while somebody types. */
  const [source, setSource] = useState<{ text: string; file?: HAProxyConfig }>({ text: '' })
  if (!draft && file && source.file !== file) setSource({ text: file.content, file })

  const edit = (next: string) => {
    if (!from) return
    setDraft(next === from.content && from === file ? null : { from, text: next })
  }
  const discard = () => {
    setDraft(null)
    setVerdict(null)
    setSource({ text: file?.content ?? '', file })
  }
  /** The file of the node becomes what the draft is compared with. */
  const keepMine = () => draft && file && setDraft(draft.text === file.content ? null : { from: file, text: draft.text })

  const send = async (params: Record<string, string | boolean>, reload?: boolean) => {
    try {
      return await api.post<HAProxyChanged>(`${base(id)}/config/apply`, { config_content: text, reload_after: reload }, { params: { if_config: from?.hash ?? '', ...params }, ...slow })
    } catch (error) {
      if (error instanceof ApiError && error.code === 'changed_meanwhile') await client.invalidateQueries({ queryKey: key(id) })
      throw error
    }
  }
  const check = async (): Promise<Verdict> => {
    const found = await send({ dry_run: true }).then(() => ({ text, valid: true, words: [] }), (error: unknown) => {
      if (error instanceof ApiError && error.code === 'refused' && error.log) return { text, valid: false, words: wordsOf(error.log) }
      throw error
    })
    setVerdict(found)
    return found
  }
  const apply = async (reload: boolean): Promise<HAProxyChanged> => {
    const done = await send({}, reload)
    client.setQueryData<HAProxyConfig>(key(id), { content: text, path: from?.path ?? '', hash: done.config_hash })
    setDraft(null)
    setVerdict(null)
    return done
  }
  return { query, file, from, text, source, dirty: draft !== null, changedMeanwhile, verdict: verdict?.text === text ? verdict : null, edit, discard, keepMine, check, apply }
}
