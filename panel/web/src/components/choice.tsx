import { type ReactNode, useId } from 'react'

interface ChoiceProps<T extends string> {
  legend: string
  value: T
  options: { value: T; label: string; note: string }[]
  onChange: (value: T) => void
  children?: ReactNode
}

/** Two or three exclusive choices that need a sentence each, inside of a form. */
export function Choice<T extends string>({ legend, value, options, onChange, children }: ChoiceProps<T>) {
  const name = useId()
  return (
    <fieldset className="choices">
      <legend>{legend}</legend>
      {options.map((option) => (
        <label key={option.value} className={option.value === value ? 'choice chosen' : 'choice'}>
          <input type="radio" className="check" name={name} value={option.value} checked={option.value === value} onChange={() => onChange(option.value)} />
          <span>
            <span className="b">{option.label}</span>
            <span className="field-note block">{option.note}</span>
          </span>
        </label>
      ))}
      {children}
    </fieldset>
  )
}
