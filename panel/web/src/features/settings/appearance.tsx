import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Card } from '../../components/card'
import { Segmented } from '../../components/segmented'
import { Switch } from '../../components/switch'
import { notify } from '../../components/toast'
import { setShortcutsOn, useShortcutsOn } from '../../lib/commands'
import { useErrorText } from '../../lib/error-text'
import type { Language } from '../../lib/format'
import { currentLanguage, setLanguage } from '../../lib/i18n'
import { useSetSetting } from '../../lib/settings'
import { setTheme, type ThemeChoice, useThemeChoice } from '../../lib/theme'
import { TimeZone } from './time-zone'

/** What takes effect at once: here in this browser, and as the panel's own language for its messages. */
export function Appearance() {
  const { t, i18n } = useTranslation('settings')
  const theme = useThemeChoice()
  const letters = useShortcutsOn()
  const save = useSetSetting()
  const errorText = useErrorText()
  const store = (key: string, value: string) => save.mutate({ key, value }, { onError: (e) => notify.error(t('notSaved'), errorText(e).text) })
  const chooseLanguage = (language: Language) => {
    void setLanguage(language)
    store('language', language)
  }
  const chooseTheme = (choice: ThemeChoice) => {
    setTheme(choice)
    store('theme', choice)
  }
  return (
    <Card title={t('appearance.title')}>
      <div className="flex flex-col gap-3">
        <Row label={t('appearance.language')}>
          <Segmented label={t('appearance.language')} value={i18n.language === currentLanguage() ? currentLanguage() : null} onChange={chooseLanguage}
            options={[{ value: 'en', label: t('appearance.english') }, { value: 'ru', label: t('appearance.russian') }]} />
        </Row>
        <Row label={t('appearance.theme')}>
          <Segmented label={t('appearance.theme')} value={theme} onChange={chooseTheme}
            options={[{ value: 'system', label: t('appearance.system') }, { value: 'dark', label: t('appearance.dark') }, { value: 'light', label: t('appearance.light') }]} />
        </Row>
        <Row label={t('appearance.shortcuts')} note={t('appearance.shortcutsNote')}>
          <Switch label={t('appearance.shortcuts')} checked={letters} onChange={setShortcutsOn} />
        </Row>
        <TimeZone />
      </div>
    </Card>
  )
}

function Row({ label, note, children }: { label: string; note?: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1.5">
      <div className="min-w-0">
        <div>{label}</div>
        {note && <div className="field-note">{note}</div>}
      </div>
      {children}
    </div>
  )
}
