import { useTranslation } from 'react-i18next'
import { Choice } from '../../components/choice'
import type { Preset } from './queries'

const presets: Preset[] = ['full', 'monitor']

/** Whose server it is. The choice goes into the install command; the owner of the server has the last word there. */
export function PresetChoice({ value, onChange }: { value: Preset; onChange: (preset: Preset) => void }) {
  const { t } = useTranslation('servers')
  return (
    <Choice legend={t('preset.label')} value={value} onChange={onChange} options={presets.map((preset) => ({ value: preset, label: t(`preset.${preset}`), note: t(`preset.${preset}Note`) }))}>
      <p className="field-note">{t('preset.note')}</p>
    </Choice>
  )
}
