import { useTranslation } from 'react-i18next'
import { PageBody, PageHeader } from '../../components/page-header'
import { Appearance } from './appearance'
import { Health } from './health'
import { Password } from './password'
import { Polling } from './polling'
import { Sessions } from './sessions'
import { Storage } from './storage'
import { Tokens } from './tokens'

export function SettingsPage() {
  const { t } = useTranslation('settings')
  return (
    <>
      <PageHeader title={t('title')} />
      <PageBody>
        <div className="grid items-start gap-3 xl:grid-cols-2">
          <div className="stack">
            <Appearance />
            <Polling />
            <Password />
            <Storage />
          </div>
          <div className="stack">
            <Health />
            <Sessions />
            <Tokens />
          </div>
        </div>
      </PageBody>
    </>
  )
}
