import { Lock } from 'lucide-react'
import { Trans, useTranslation } from 'react-i18next'
import type { Domain } from '../lib/access'
import { EmptyState } from './empty-state'

/** A part of a server that its owner has closed to the panel, and what opens it. */
export function ClosedByOwner({ title, domain, write = false }: { title: string; domain: Domain; write?: boolean }) {
  const { t } = useTranslation('components')
  return <EmptyState icon={<Lock size={16} aria-hidden />} title={t('closed.title', { title })} text={<HowToOpen domain={domain} write={write} />} />
}

/** The line that the owner writes, and where. */
export function HowToOpen({ domain, write = false }: { domain: Domain; write?: boolean }) {
  const { t } = useTranslation('components')
  return <Trans t={t} i18nKey="closed.text" values={{ entry: `${domain}:${write ? 'rw' : 'ro'}`, file: '/etc/monitoring-agent/agent.env' }} components={{ c: <code className="mono" /> }} />
}
