import { Switch as Radix } from 'radix-ui'

interface SwitchProps {
  label: string
  checked: boolean
  onChange: (checked: boolean) => void
  disabled?: boolean
}

/** An effect at once, told by a toast. Never inside a form that has Save. */
export function Switch({ label, checked, onChange, disabled }: SwitchProps) {
  return (
    <Radix.Root className="sw" aria-label={label} checked={checked} onCheckedChange={onChange} disabled={disabled}>
      <Radix.Thumb asChild><span /></Radix.Thumb>
    </Radix.Root>
  )
}
