/** The mark: a mirrored trace. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" fill="currentColor" aria-hidden>
      <rect x="1" y="7" width="2.6" height="4" rx="1.3" />
      <rect x="5" y="3.5" width="2.6" height="9" rx="1.3" />
      <rect x="9" y="1" width="2.6" height="18" rx="1.3" />
      <rect x="13" y="6" width="2.6" height="10" rx="1.3" />
      <rect x="17" y="8" width="2.6" height="5" rx="1.3" />
    </svg>
  )
}
