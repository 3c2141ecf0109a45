import { useTranslation } from 'react-i18next'
import { Button } from '../../components/button'
import { notify } from '../../components/toast'
import { useErrorText } from '../../lib/error-text'
import { useAlertSettings, useSaveAlertSettings } from './queries'

/** A new panel tells nobody until it is told to. */
export function SwitchedOff() {
  const { t } = useTranslation('alerts')
  const errorText = useErrorText()
  const settings = useAlertSettings().data
  const save = useSaveAlertSettings()
  if (!settings || settings.enabled) return null
  const on = () => save.mutate({ enabled: true }, { onSuccess: () => notify.success(t('off.done')), onError: (e) => notify.error(t('notSaved'), errorText(e).text) })
  return (
    <div className="banner wrap" role="status">
      <span className="grow"><b className="b">{t('off.title')}</b> <span className="t2">{t('off.text')}</span></span>
      <Button kind="main" busy={save.isPending && t('saving')} onClick={on}>{t('off.on')}</Button>
    </div>
  )
}
