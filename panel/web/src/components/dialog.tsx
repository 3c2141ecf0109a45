import { Dialog as Radix } from 'radix-ui'
import type { FormEvent, ReactNode } from 'react'

interface DialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  /** A question or the name of what is made. */
  title: string
  description?: ReactNode
  children?: ReactNode
  /** Buttons; the verb last. */
  footer: ReactNode
  wide?: boolean
  /** Makes the dialog a form: Enter submits. */
  onSubmit?: () => void
}

/** Focus goes into the dialog and back on close; Esc closes. Mark the least dangerous control with autoFocus. */
export function Dialog({ open, onOpenChange, title, description, children, footer, wide, onSubmit }: DialogProps) {
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSubmit?.()
  }
  const Frame = onSubmit ? 'form' : 'div'
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <div className="dlg-place" onPointerDown={(e) => e.target === e.currentTarget && onOpenChange(false)}>
          <Radix.Content className={wide ? 'dlg wide' : 'dlg'} {...(description ? {} : { 'aria-describedby': undefined })}>
            <Frame onSubmit={onSubmit ? submit : undefined}>
              <div className="dlg-b">
                <Radix.Title className="dlg-title">{title}</Radix.Title>
                {description && <Radix.Description className="mt-1 text-text2">{description}</Radix.Description>}
                {children && <div className="mt-3 flex flex-col gap-3">{children}</div>}
              </div>
              <div className="dlg-f">{footer}</div>
            </Frame>
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  )
}
