import { Search, X } from 'lucide-react'
import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useCommands } from '../lib/commands'
import { Input } from './field'

interface SearchFieldProps {
  label: string
  placeholder?: string
  value: string
  onChange: (value: string) => void
  /** The page's main filter gets the key F. */
  shortcut?: boolean
  className?: string
}

export function SearchField({ label, placeholder, value, onChange, shortcut = false, className = 'w-64' }: SearchFieldProps) {
  const { t } = useTranslation('components')
  const input = useRef<HTMLInputElement>(null)
  useCommands(shortcut ? [{ id: 'filter', label, keys: 'F', hidden: true, run: () => input.current?.focus() }] : [])
  return (
    <div className={`relative min-w-0 ${className}`}>
      <Search size={14} className="pointer-events-none absolute top-1/2 left-2.5 -translate-y-1/2 text-text3" aria-hidden />
      <Input ref={input} type="search" aria-label={label} placeholder={placeholder ?? label} value={value} spellCheck={false} autoComplete="off"
        className="pl-8! pr-8! [&::-webkit-search-cancel-button]:hidden"
        onChange={(e) => onChange(e.target.value)} onKeyDown={(e) => { if (e.key === 'Escape') { if (value) onChange(''); else e.currentTarget.blur() } }} />
      {value && (
        <button type="button" className="absolute top-1/2 right-1 grid size-6 -translate-y-1/2 place-items-center rounded-2 text-text3 hover:text-text" aria-label={t('clear')} onClick={() => { onChange(''); input.current?.focus() }}>
          <X size={14} aria-hidden />
        </button>
      )}
    </div>
  )
}
