import { Popover as Radix } from 'radix-ui'
import type { ReactElement, ReactNode } from 'react'

/** A small panel that opens from a button and closes by Esc or a click outside. */
export function Popover({ trigger, children, open, onOpenChange, align = 'end' }: { trigger: ReactElement; children: ReactNode; open?: boolean; onOpenChange?: (open: boolean) => void; align?: 'start' | 'center' | 'end' }) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="pop" align={align} sideOffset={6} collisionPadding={8}>{children}</Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
