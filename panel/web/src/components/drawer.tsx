import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button, IconButton } from './button'
import { Dialog } from './dialog'

interface DrawerProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  children: ReactNode
  footer?: ReactNode
  /** 760 px, for text of a machine: its lines are long. */
  wide?: boolean
  /** There is unsaved input: closing asks first. */
  dirty?: boolean
  /** Makes the drawer a form. */
  onSubmit?: () => void
}

/** The first field, not the cross that closes. */
function focusBody(event: Event): void {
  event.preventDefault()
  const drawer = event.currentTarget as HTMLElement
  const first = drawer.querySelector<HTMLElement>('.drawer-b :is(input, select, textarea, button, a)')
  ;(first ?? drawer).focus()
}

/** 440 px from the right, for forms with the page kept in view; full screen on a phone. */
export function Drawer({ open, onOpenChange, title, children, footer, wide = false, dirty = false, onSubmit }: DrawerProps) {
  const { t } = useTranslation('components')
  const [asking, setAsking] = useState(false)
  const close = () => (dirty ? setAsking(true) : onOpenChange(false))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSubmit?.()
  }
  const Frame = onSubmit ? 'form' : 'div'
  return (
    <Radix.Root open={open} onOpenChange={(next) => (next ? onOpenChange(true) : close())}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content className={wide ? 'drawer wide' : 'drawer'} aria-describedby={undefined} onOpenAutoFocus={focusBody}>
          <Frame className="flex min-h-0 flex-1 flex-col" onSubmit={onSubmit ? submit : undefined}>
            <div className="drawer-h">
              <Radix.Title className="dlg-title grow">{title}</Radix.Title>
              <IconButton icon={X} label={t('close')} onClick={close} />
            </div>
            <div className="drawer-b">{children}</div>
            {footer && <div className="drawer-f">{footer}</div>}
          </Frame>
          <Dialog open={asking} onOpenChange={setAsking} title={t('unsaved.title')} description={t('unsaved.text')}
            footer={
              <>
                <Button kind="danger" onClick={() => { setAsking(false); onOpenChange(false) }}>{t('unsaved.discard')}</Button>
                <Button kind="main" autoFocus onClick={() => setAsking(false)}>{t('unsaved.keep')}</Button>
              </>
            } />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
