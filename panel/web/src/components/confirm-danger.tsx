import { useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { useErrorText } from '../lib/error-text'
import { Button } from './button'
import { Dialog } from './dialog'
import { FieldError, Input } from './field'
import { Pill } from './pill'

interface ConfirmDangerProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  /** The question: "Delete 12 servers?" */
  title: string
  /** What will happen, with real numbers, and how to get back. */
  consequence: string
  /** Names of what is affected; the first few are shown. */
  items?: string[]
  /** The button: "Delete". */
  verb: string
  /** The button while it runs: "Deleting". */
  busy: string
  /** With more than five items this word and their number must be typed: "delete" asks for "delete 12". */
  word?: string
  onConfirm: () => Promise<unknown>
}

const typedAbove = 5
const shownItems = 3

/** For what deletes data, ends sessions or touches several servers. Closes by itself when it is done. */
export function ConfirmDanger(props: ConfirmDangerProps) {
  return props.open ? <Open {...props} /> : null
}

function Open({ onOpenChange, title, consequence, items = [], verb, busy, word, onConfirm }: ConfirmDangerProps) {
  const { t } = useTranslation('components')
  const errorText = useErrorText()
  const [typed, setTyped] = useState('')
  const [running, setRunning] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const phrase = word && items.length > typedAbove ? `${word} ${items.length}` : ''
  const confirm = async () => {
    if (phrase && typed.trim() !== phrase) return
    setRunning(true)
    setError(null)
    try {
      await onConfirm()
      onOpenChange(false)
    } catch (e) {
      setError(e)
      setRunning(false)
    }
  }
  return (
    <Dialog open onOpenChange={(open) => !running && onOpenChange(open)} title={title} description={consequence} onSubmit={() => void confirm()}
      footer={
        <>
          <Button kind="ghost" autoFocus={!phrase} disabled={running} onClick={() => onOpenChange(false)}>{t('cancel')}</Button>
          <Button kind="danger-solid" type="submit" busy={running && busy} disabled={phrase !== '' && typed.trim() !== phrase}>{verb}</Button>
        </>
      }>
      {items.length > 0 && (
        <div className="flex flex-wrap gap-1.5">
          {items.slice(0, shownItems).map((item) => <Pill key={item}>{item}</Pill>)}
          {items.length > shownItems && <Pill>{t('more', { count: items.length - shownItems })}</Pill>}
        </div>
      )}
      {phrase && (
        <div className="field">
          <label htmlFor="confirm-phrase"><Trans t={t} i18nKey="typeToConfirm" values={{ phrase }} components={{ b: <b className="mono text-text" /> }} /></label>
          <Input id="confirm-phrase" autoFocus value={typed} onChange={(e) => setTyped(e.target.value)} spellCheck={false} autoComplete="off" />
        </div>
      )}
      {error !== null && <FieldError>{errorText(error).text}</FieldError>}
    </Dialog>
  )
}
