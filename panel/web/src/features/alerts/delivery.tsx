import { Send } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button, LinkButton } from '../../components/button'
import { Card } from '../../components/card'
import { ErrorState } from '../../components/error-state'
import { Loading, Skeleton } from '../../components/skeleton'
import { telegramReady, useChannels } from '../../lib/channels'
import { useFormat } from '../../lib/use-format'
import { useAlertSettings, useChannelsStatus } from './queries'
import { useTelegramTest } from './use-telegram-test'

/** Whether messages arrive, in a few lines; the settings are a tab of their own. */
export function Delivery() {
  const { t } = useTranslation('alerts')
  const f = useFormat()
  const channels = useChannels()
  const status = useChannelsStatus().data
  const settings = useAlertSettings().data
  const test = useTelegramTest()
  const v = channels.data
  const ready = v && telegramReady(v)
  const queue = status?.queues.find((q) => q.channel === 'telegram')
  return (
    <Card title={t('delivery.title')} actions={ready ? <Button size="small" icon={Send} busy={test.running && t('telegram.testing')} onClick={() => test.run('', '')}>{t('telegram.test')}</Button> : v && <LinkButton size="small" to="/alerts/channels">{t('telegram.setUp')}</LinkButton>}>
      {channels.isPending && <Loading className="flex flex-col gap-2"><Skeleton width={220} /><Skeleton width={180} /><Skeleton width={200} /></Loading>}
      {channels.isError && !v && <ErrorState error={channels.error} onRetry={() => void channels.refetch()} />}
      {v && (
        <dl className="facts2">
          <dt>{t('channel.telegram')}</dt>
          <dd>{ready ? <>{t('delivery.chat')} <span className="mono">{v.telegram_chat_id}</span>, {t(`language.${v.language}`)}</> : <span className="warn">{t('delivery.nobody')}</span>}</dd>
          {queue && ready && <><dt>{t('delivery.week')}</dt><dd>{t('delivery.counts', { sent: f.count(queue.sent), failed: f.count(queue.failed), waiting: f.count(queue.waiting) })}</dd></>}
          {queue?.last_error && ready && <><dt>{t('delivery.problem')}</dt><dd className="warn">{queue.last_error}</dd></>}
          {(v.webhook_url || v.alertmanager_url || v.heartbeat_url) && <><dt>{t('delivery.also')}</dt><dd>{[v.webhook_url && t('channel.webhook'), v.alertmanager_url && t('channel.alertmanager'), v.heartbeat_url && t('channel.heartbeat')].filter(Boolean).join(', ')}</dd></>}
          {settings && <><dt>{t('delivery.pause')}</dt><dd>{settings.alert_cooldown > 0 ? t('delivery.pauseValue', { time: f.duration(settings.alert_cooldown) }) : t('delivery.noPause')}</dd></>}
        </dl>
      )}
    </Card>
  )
}
