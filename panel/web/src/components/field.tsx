import { CircleX } from 'lucide-react'
import { type ComponentProps, type ReactNode, useId } from 'react'

interface FieldProps {
  label: string
  /** What it is for, under the field. */
  note?: ReactNode
  /** What is wrong and how to mend it. */
  error?: ReactNode
  children: (control: { id: string; 'aria-invalid': boolean | undefined; 'aria-describedby': string | undefined }) => ReactNode
}

/** A label, a control, a note and an error that belong together: <Field label="Name">{(c) => <Input {...c} />}</Field>. */
export function Field({ label, note, error, children }: FieldProps) {
  const id = useId()
  const described = [note && `${id}-note`, error && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-invalid': error ? true : undefined, 'aria-describedby': described || undefined })}
      {error && <FieldError id={`${id}-error`}>{error}</FieldError>}
      {note && <span id={`${id}-note`} className="field-note">{note}</span>}
    </div>
  )
}

export function FieldError({ id, children }: { id?: string; children: ReactNode }) {
  return (
    <span id={id} className="field-error" role="alert">
      <CircleX size={14} className="mt-px" aria-hidden />
      <span>{children}</span>
    </span>
  )
}

export function Input({ className = '', ...rest }: ComponentProps<'input'>) {
  return <input className={`inp ${className}`.trim()} {...rest} />
}

export function TextArea({ className = '', ...rest }: ComponentProps<'textarea'>) {
  return <textarea className={`inp ${className}`.trim()} {...rest} />
}

export function Select({ className = '', children, ...rest }: ComponentProps<'select'>) {
  return <select className={`inp ${className}`.trim()} {...rest}>{children}</select>
}

/** A check box with its words; the whole line is the target. */
export function Checkbox({ label, note, ...rest }: Omit<ComponentProps<'input'>, 'type'> & { label: ReactNode; note?: ReactNode }) {
  return (
    <label className="flex cursor-pointer items-start gap-2.5 py-0.5">
      <input type="checkbox" className="check mt-0.5" {...rest} />
      <span className="min-w-0">
        <span className="block">{label}</span>
        {note && <span className="field-note block">{note}</span>}
      </span>
    </label>
  )
}
