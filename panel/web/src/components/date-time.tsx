import { CalendarDays } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { readLocal, showLocal } from '../lib/zone'
import { useFormat } from '../lib/use-format'
import { IconButton } from './button'
import { Calendar } from './calendar'
import { Input } from './field'
import { Popover } from './popover'

interface DateTimeProps {
  id?: string
  'aria-invalid'?: boolean
  'aria-describedby'?: string
  /** A local time such as 2026-11-23T12:41, or whatever was typed in place of one. */
  value: string
  onChange: (value: string) => void
  /** The last day that can be chosen, as a local time. */
  max?: string
}

/** A date and a time of 24 hours, typed or chosen from a month, in the form of the user's language whatever the browser's is. */
export function DateTime({ value, onChange, max, ...control }: DateTimeProps) {
  const { t } = useTranslation('components')
  const { language } = useFormat()
  const [typed, setTyped] = useState(() => showLocal(value, language))
  const [open, setOpen] = useState(false)
  const change = (text: string) => {
    setTyped(text)
    onChange(readLocal(text) ?? text)
  }
  const known = readLocal(value)
  const choose = (day: string) => {
    change(showLocal(`${day}T${known?.slice(11) ?? '00:00'}`, language))
    setOpen(false)
  }
  return (
    <span className="dt">
      <Input {...control} autoComplete="off" spellCheck={false} placeholder={t('dateTime.form')} value={(readLocal(typed) ?? typed) === value ? typed : showLocal(value, language)} onChange={(e) => change(e.target.value)} />
      <Popover open={open} onOpenChange={setOpen} trigger={<IconButton icon={CalendarDays} size="small" label={t('dateTime.open')} />}>
        <Calendar day={known?.slice(0, 10) ?? null} last={max?.slice(0, 10)} onDay={choose} />
      </Popover>
    </span>
  )
}
