import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import type { Preset } from './queries'

const presets: Preset[] = ['full', 'monitor']

/** Whose server it is. The choice goes into the install command; the owner of the server has the last word there. */
export function PresetChoice({ value, onChange }: { value: Preset; onChange: (preset: Preset) => void }) {
  const { t } = useTranslation('servers')
  const name = useId()
  return (
    <fieldset className="presets">
      <legend>{t('preset.label')}</legend>
      {presets.map((preset) => (
        <label key={preset} className={preset === value ? 'preset chosen' : 'preset'}>
          <input type="radio" className="check" name={name} value={preset} checked={preset === value} onChange={() => onChange(preset)} />
          <span>
            <span className="b">{t(`preset.${preset}`)}</span>
            <span className="field-note block">{t(`preset.${preset}Note`)}</span>
          </span>
        </label>
      ))}
      <p className="field-note">{t('preset.note')}</p>
    </fieldset>
  )
}
