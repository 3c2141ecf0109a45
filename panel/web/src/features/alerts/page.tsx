import { BellOff, Send } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { Button } from '../../components/button'
import { PageBody, PageHeader } from '../../components/page-header'
import { LinkTabs } from '../../components/tabs'
import { telegramReady, useChannels } from '../../lib/channels'
import { useNow } from '../../lib/use-now'
import { Active } from './active'
import './alerts.css'
import { ChannelsTab } from './channels-tab'
import { Delivery } from './delivery'
import { History } from './history'
import { useAlertSettings, useAlertsStatus } from './queries'
import { RulesTab } from './rules-tab'
import { SilenceDrawer } from './silence-drawer'
import { SilencesTab } from './silences-tab'
import { SwitchedOff } from './switched-off'
import { Triggers } from './triggers-card'

/** What is wrong now, what would tell, and who is told. */
export function AlertsPage() {
  const { t } = useTranslation('alerts')
  const tab = useParams().tab ?? ''
  const [silencing, setSilencing] = useState(false)
  return (
    <>
      <PageHeader title={t('title')} actions={
        <>
          <NextCheck />
          <TelegramState />
          <Button icon={BellOff} aria-label={t('silence.new')} onClick={() => setSilencing(true)}><span className="hide-s">{t('silence.newShort')}</span></Button>
        </>
      }>
        <LinkTabs label={t('tabs.label')} tabs={[
          { to: '/alerts', label: t('tabs.now'), end: true },
          { to: '/alerts/rules', label: t('tabs.rules') },
          { to: '/alerts/silences', label: t('tabs.silences') },
          { to: '/alerts/channels', label: t('tabs.channels') },
        ]} />
      </PageHeader>
      <PageBody>
        {tab === '' && <Now />}
        {tab === 'rules' && <RulesTab />}
        {tab === 'silences' && <SilencesTab onNew={() => setSilencing(true)} />}
        {tab === 'channels' && <ChannelsTab />}
      </PageBody>
      {silencing && <SilenceDrawer onClose={() => setSilencing(false)} />}
    </>
  )
}

function Now() {
  return (
    <>
      <SwitchedOff />
      <div className="alerts-cols">
        <div className="stack">
          <Active />
          <History />
        </div>
        <div className="stack">
          <Triggers />
          <Delivery />
        </div>
      </div>
    </>
  )
}

const second = 1000

/** Whether the checks run, and when the next one comes. */
function NextCheck() {
  const { t } = useTranslation('alerts')
  const status = useAlertsStatus()
  const settings = useAlertSettings().data
  const now = useNow(second)
  if (!status.data?.running || !settings) return null
  const left = Math.max(0, Math.round(status.data.next_check_in - (now - status.dataUpdatedAt) / second))
  return <span className="live hide-s">{left > 0 ? t('nextCheck', { every: settings.check_interval, left }) : t('checking', { every: settings.check_interval })}</span>
}

function TelegramState() {
  const { t } = useTranslation('alerts')
  const channels = useChannels().data
  if (!channels) return null
  const ready = telegramReady(channels)
  return <Link to="/alerts/channels" className={ready ? 'pill hide-s' : 'pill warn hide-s'}><Send size={12} aria-hidden />{t(ready ? 'telegram.ready' : 'telegram.missing')}</Link>
}
