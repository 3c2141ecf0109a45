import type { LucideIcon } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { Link, type LinkProps } from 'react-router'
import { Tip } from './tip'

export type ButtonKind = 'main' | 'plain' | 'ghost' | 'danger' | 'danger-solid'

const kinds: Record<ButtonKind, string> = { main: 'pri', plain: '', ghost: 'gh', danger: 'dng', 'danger-solid': 'dngs' }

interface Look {
  kind?: ButtonKind
  size?: 'normal' | 'small'
  icon?: LucideIcon
}

interface ButtonProps extends ComponentProps<'button'>, Look {
  /** The verb in progress ("Saving"): the button is disabled and keeps its width. */
  busy?: string | false
}

export function buttonClass(kind: ButtonKind, small: boolean, more = ''): string {
  return ['btn', kinds[kind], small ? 'sm' : '', more].filter(Boolean).join(' ')
}

export function Button({ kind = 'plain', size = 'normal', icon: Icon, busy, children, className, type = 'button', disabled, ...rest }: ButtonProps) {
  const label = busy ? (
    <span className="grid">
      <span className="invisible col-start-1 row-start-1" aria-hidden>{children}</span>
      <span className="col-start-1 row-start-1 text-center">{busy}</span>
    </span>
  ) : (
    children
  )
  return (
    <button type={type} className={buttonClass(kind, size === 'small', className)} disabled={disabled || Boolean(busy)} aria-busy={busy ? true : undefined} {...rest}>
      {Icon && <Icon size={size === 'small' ? 14 : 16} aria-hidden />}
      {label}
    </button>
  )
}

interface IconButtonProps extends Omit<ComponentProps<'button'>, 'children'>, Look {
  icon: LucideIcon
  /** Name for screen readers and tooltip: an icon without a word needs both. */
  label: string
}

export function IconButton({ kind = 'ghost', size = 'normal', icon: Icon, label, className, type = 'button', ...rest }: IconButtonProps) {
  return (
    <Tip text={label}>
      <button type={type} aria-label={label} className={buttonClass(kind, size === 'small', `ic ${className ?? ''}`.trim())} {...rest}>
        <Icon size={size === 'small' ? 14 : 16} aria-hidden />
      </button>
    </Tip>
  )
}

interface LinkButtonProps extends LinkProps, Look {
  children: ReactNode
}

/** Looks like a button and goes somewhere. */
export function LinkButton({ kind = 'plain', size = 'normal', icon: Icon, children, className, ...rest }: LinkButtonProps) {
  return (
    <Link className={buttonClass(kind, size === 'small', className)} {...rest}>
      {Icon && <Icon size={size === 'small' ? 14 : 16} aria-hidden />}
      {children}
    </Link>
  )
}
