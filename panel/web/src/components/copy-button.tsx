import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { copyText } from '../lib/clipboard'
import { Button, IconButton } from './button'
import { notify } from './toast'

interface CopyButtonProps {
  text: string
  /** Says what is copied. */
  label?: string
  /** Shows the word beside the icon. */
  word?: boolean
  size?: 'normal' | 'small'
}

export function CopyButton({ text, label, word = false, size = 'small' }: CopyButtonProps) {
  const { t } = useTranslation('components')
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2000)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = async (event: React.MouseEvent) => {
    event.preventDefault()
    if (await copyText(text)) setCopied(true)
    else notify.error(t('copy.failed'), t('copy.failedDetail'))
  }
  const name = copied ? t('copy.done') : (label ?? t('copy.action'))
  const icon = copied ? Check : Copy
  return word ? <Button size={size} icon={icon} onClick={copy}>{name}</Button> : <IconButton size={size} icon={icon} label={name} onClick={copy} />
}
