import { RefreshCw } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { ServerItem, TestResponse } from '../../api/types'
import { Button } from '../../components/button'
import { CopyButton } from '../../components/copy-button'
import { Dialog } from '../../components/dialog'
import { Tag } from '../../components/pill'
import { useSay } from '../../lib/words'
import { useStageText } from './join-step'
import { stageKey } from './stage'

interface TestDialogProps {
  server: ServerItem
  result: TestResponse
  onAgain: () => void
  onClose: () => void
}

/** Why a server could not be reached, and what to do: too much for a toast. */
export function TestDialog({ server, result, onAgain, onClose }: TestDialogProps) {
  const { t } = useTranslation('servers')
  const { t: common } = useTranslation('components')
  const message = useSay()(result.words, result.message)
  const { title, fix } = useStageText(server.url)(stageKey(result))
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t('test.failed', { name: server.name })}
      footer={
        <>
          <Button kind="ghost" autoFocus onClick={onClose}>{common('close')}</Button>
          <Button kind="plain" icon={RefreshCw} onClick={onAgain}>{t('test.again')}</Button>
        </>
      }>
      <div role="alert">
        <p className="row"><span className="b crit">{title}</span>{result.code ? <Tag title={t('row.code', { code: result.code })}>{result.code}</Tag> : null}</p>
        <p className="mt-1 text-text2">{fix}</p>
      </div>
      {message && (
        <div className="command one-line">
          <code className="mono">{message}</code>
          <CopyButton text={message} label={common('copyDetails')} />
        </div>
      )}
    </Dialog>
  )
}
