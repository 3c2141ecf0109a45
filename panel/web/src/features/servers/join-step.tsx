import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { CreatedServer, Install, JoinStatus } from '../../api/types'
import { Button } from '../../components/button'
import { CopyButton } from '../../components/copy-button'
import { FieldError } from '../../components/field'
import { Value } from '../../components/quantity'
import { StateGlyph } from '../../components/state-glyph'
import { useErrorText } from '../../lib/error-text'
import { useLiveServer } from '../../lib/live'
import { useCollectInterval } from '../../lib/settings'
import { useFormat } from '../../lib/use-format'
import { readAddress, agentPort } from './address'
import { refreshFleet, useJoinStatus, useNewInstall, usePanelAddress } from './queries'
import { stageKey } from './stage'
import { useNow } from '../../lib/use-now'
import { useSay } from '../../lib/words'

interface JoinStepProps {
  server: Pick<CreatedServer, 'id' | 'name' | 'url'>
  install: Install
  /** A new command was made in place of the expired one. */
  onInstall: (install: Install) => void
}

/** The command to run on the server, and what the panel sees until its agent answers. */
export function JoinStep({ server, install, onInstall }: JoinStepProps) {
  const { t } = useTranslation('servers')
  const client = useQueryClient()
  const { data: status, error } = useJoinStatus(server.id, install.token)
  const joined = status?.joined ?? false
  useEffect(() => {
    if (joined) void refreshFleet(client)
  }, [joined, client])
  if (joined) return <Joined id={server.id} />
  return (
    <>
      <p className="text-text2">{t('join.text')}</p>
      <div className="command">
        <code className="mono">{install.command}</code>
        <CopyButton word size="normal" text={install.command} label={t('join.copy')} />
      </div>
      <Validity id={server.id} install={install} onInstall={onInstall} />
      <Waiting url={server.url} status={status} error={error} />
      <Token token={install.token} />
    </>
  )
}

function Validity({ id, install, onInstall }: { id: number; install: Install; onInstall: (install: Install) => void }) {
  const { t } = useTranslation('servers')
  const f = useFormat()
  const errorText = useErrorText()
  const left = (Date.parse(install.expires_at) - useNow(1000)) / 1000
  const renew = useNewInstall()
  if (left > 0) return <p className="field-note">{t('join.valid', { time: f.duration(left) })}</p>
  return (
    <div className="flex flex-col items-start gap-2">
      <FieldError>{t('join.expired')}</FieldError>
      <Button size="small" busy={renew.isPending && t('install.making')} onClick={() => renew.mutate(id, { onSuccess: (made) => onInstall(made) })}>{t('install.make')}</Button>
      {renew.isError && <FieldError>{errorText(renew.error).text}</FieldError>}
    </div>
  )
}

/** Nothing answers until the command has run, so a closed port is no trouble yet; everything else is. */
function Waiting({ url, status, error }: { url: string; status: JoinStatus | undefined; error: unknown }) {
  const { t } = useTranslation('servers')
  const errorText = useErrorText()
  const stage = useStageText(url)
  const say = useSay()
  const key = status?.stage ? stageKey(status) : null
  const quiet = key === null || key === 'tcp'
  return (
    <div className="join-status" role="status">
      <StateGlyph state={quiet ? 'loading' : 'attention'} quiet />
      <div className="min-w-0">
        <div className="b">{key ? stage(key).title : t('join.waiting')}</div>
        <p className="text-text2">{key ? stage(key, true).fix : t('join.waitingText')}</p>
        {status?.last_error && <p className="field-note mt-1 break-words">{say(status.error_words, status.last_error)}</p>}
        {error != null && <p className="field-note mt-1">{t('join.pollFailed', { text: errorText(error).text })}</p>}
      </div>
    </div>
  )
}

/** What each stage means and what to do about it, with the real port and the panel's own address. */
export function useStageText(url: string): (key: ReturnType<typeof stageKey>, joining?: boolean) => { title: string; fix: string } {
  const { t } = useTranslation('servers')
  const address = readAddress(url)
  const panel = usePanelAddress()
  const values = {
    host: typeof address === 'string' ? url : address.host,
    port: typeof address === 'string' ? agentPort : address.port,
    panel: panel ?? t('stage.panelUnknown'),
  }
  return (key, joining = false) => ({ title: t(`stage.${key}.title`, values), fix: t(joining && key === 'tcp' ? 'stage.tcp.joining' : `stage.${key}.fix`, values) })
}

function Token({ token }: { token: string }) {
  const { t } = useTranslation('servers')
  const [shown, setShown] = useState(false)
  if (!shown) return <div><Button kind="ghost" size="small" onClick={() => setShown(true)}>{t('join.showToken')}</Button></div>
  return (
    <div className="field">
      <span className="label">{t('join.token')}</span>
      <div className="command">
        <code className="mono">{token}</code>
        <CopyButton word text={token} label={t('join.copyToken')} />
      </div>
      <span className="field-note">{t('join.tokenNote')}</span>
    </div>
  )
}

function Joined({ id }: { id: number }) {
  const { t } = useTranslation('servers')
  const f = useFormat()
  const seconds = useCollectInterval()
  const live = useLiveServer(id)
  const values = live?.status === 'online' && live.at > 0 ? live : null
  return (
    <div className="join-status" role="status">
      <StateGlyph state="online" quiet />
      <div className="min-w-0 flex-1">
        <div className="b">{t('join.joined')}</div>
        <p className="text-text2">{values ? t('join.values') : t('join.joinedText', { seconds })}</p>
        <dl className="firsts">
          <div><dt>{t('join.cpu')}</dt><dd>{f.percent(values?.cpu)}</dd></div>
          <div><dt>{t('join.memory')}</dt><dd>{f.percent(values?.ram)}</dd></div>
          <div><dt>{t('join.disk')}</dt><dd>{f.percent(values?.disk)}</dd></div>
          <div><dt>{t('join.download')}</dt><dd><Value of={f.rateOfBytes(values?.rx)} /></dd></div>
          <div><dt>{t('join.upload')}</dt><dd><Value of={f.rateOfBytes(values?.tx)} /></dd></div>
        </dl>
      </div>
    </div>
  )
}
