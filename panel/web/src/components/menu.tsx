import type { LucideIcon } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { Fragment, type ReactElement } from 'react'

export interface MenuItem {
  label: string
  icon?: LucideIcon
  danger?: boolean
  disabled?: boolean
  /** A line above this item. */
  separated?: boolean
  onSelect: () => void
}

/** A menu that opens from one button: <Menu trigger={<IconButton … />} items={[…]} />. */
export function Menu({ trigger, items, align = 'end' }: { trigger: ReactElement; items: MenuItem[]; align?: 'start' | 'end' }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align={align} sideOffset={6} collisionPadding={8}>
          {items.map(({ label, icon: Icon, danger, disabled, separated, onSelect }) => (
            <Fragment key={label}>
              {separated && <DropdownMenu.Separator className="menu-sep" />}
              <DropdownMenu.Item className={danger ? 'menu-i danger' : 'menu-i'} disabled={disabled} onSelect={onSelect}>
                {Icon && <Icon size={16} aria-hidden />}
                {label}
              </DropdownMenu.Item>
            </Fragment>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
