import { useMemo, useState } from 'react'
import type { BulkResult, CreatedServer, Install } from '../../api/types'
import { sentence, useErrorText } from '../../lib/error-text'
import { useServers } from '../../lib/fleet'
import { useSay } from '../../lib/words'
import { mostServers, type ParsedLine, parseList, takenAddresses } from './parse-list'
import { type Preset, useCreateServers } from './queries'

export interface AddedServer {
  server: CreatedServer
  install: Install
}

/** A pasted list. Lines that are added leave the text; those that fail stay in it to be corrected. */
export function useAddList() {
  const [text, setText] = useState('')
  const [preset, setPreset] = useState<Preset>('full')
  const [added, setAdded] = useState<AddedServer[]>([])
  const [refused, setRefused] = useState<ReadonlyMap<string, string>>(new Map())
  const [finished, setFinished] = useState(false)
  const [failure, setFailure] = useState<string | null>(null)
  const create = useCreateServers()
  const errorText = useErrorText()
  const say = useSay()
  const servers = useServers().data
  const lines = useMemo(() => {
    const parsed = parseList(text, takenAddresses(servers ?? []))
    return parsed.map((l): ParsedLine => {
      const detail = refused.get(l.raw)
      return detail !== undefined && !l.problem ? { ...l, problem: { kind: 'refused', detail } } : l
    })
  }, [text, servers, refused])
  const good = lines.filter((l) => !l.problem)
  const send = async () => {
    if (good.length === 0 || good.length > mostServers) return
    setFailure(null)
    try {
      const { results } = await create.mutateAsync({ preset, servers: good.map((l) => ({ name: l.name, url: l.address, folder: l.folder })) })
      const outcome = readResults(good, results, say)
      setAdded((old) => [...old, ...outcome.added])
      setRefused(outcome.refused)
      const left = lines.filter((l) => !outcome.doneLines.has(l.line))
      setText(left.map((l) => l.raw).join('\n'))
      setFinished(left.length === 0)
    } catch (error) {
      setFailure(errorText(error).text)
    }
  }
  return { text, setText, preset, setPreset, lines, good: good.length, tooMany: good.length > mostServers, added, finished, failure, busy: create.isPending, dirty: text.trim() !== '', send }
}

/** Sorts the panel's answers, one for each line that was sent. */
export function readResults(sent: readonly ParsedLine[], results: readonly BulkResult[], say: ReturnType<typeof useSay>) {
  const added: AddedServer[] = []
  const refused = new Map<string, string>()
  const doneLines = new Set<number>()
  for (const r of results) {
    const line = sent[r.index]
    if (!line) continue
    if (r.success && r.server && r.install) {
      added.push({ server: r.server, install: r.install })
      doneLines.add(line.line)
    } else {
      refused.set(line.raw, sentence(say(r.error?.words, r.error?.detail)))
    }
  }
  return { added, refused, doneLines }
}
