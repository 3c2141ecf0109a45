import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Certs, HAProxyRule } from '../../api/types'
import { Button } from '../../components/button'
import { Drawer } from '../../components/drawer'
import { Checkbox, Field, Input, Select } from '../../components/field'
import { notify } from '../../components/toast'
import { Diff, fieldOf, Problem } from './parts'
import { apply, base, deliverLater, isAway, type Preview, preview, type FileChange, useRefresh, useSubmit } from './queries'

const blank: HAProxyRule = { name: '', rule_type: 'tcp', listen_port: 0, target_ip: '', target_port: 0, target_ssl: false, send_proxy: false }

interface RuleDrawerProps {
  id: number
  /** null makes a new one. */
  rule: HAProxyRule | null
  certs: Certs | null
  offline: boolean
  onClose: () => void
}

/** A rule is written, then seen as a change of the file, then applied to that very file. */
export function RuleDrawer({ id, rule, certs, offline, onClose }: RuleDrawerProps) {
  const { t } = useTranslation('haproxy')
  const refresh = useRefresh(id)
  const { busy, error, run } = useSubmit()
  const [value, setValue] = useState(rule ?? blank)
  const [seen, setSeen] = useState<Preview | null>(null)
  const set = (part: Partial<HAProxyRule>) => { setValue({ ...value, ...part }); setSeen(null) }
  const later = offline || isAway(error)
  const change: FileChange = rule
    ? { method: 'put', path: `${base(id)}/rules/${encodeURIComponent(rule.name)}`, body: updateOf(rule, value) }
    : { method: 'post', path: `${base(id)}/rules`, body: clean(value) }
  const submit = () => void run(async () => {
    if (later) await (rule ? deliverLater(id, 'haproxy_rule_update', { name: rule.name, ...change.body }) : deliverLater(id, 'haproxy_rule_add', clean(value)))
    else if (!seen) return setSeen(await preview(id, change))
    else await apply(change, seen.hash)
    notify.success(later ? t('later.done') : t('rules.saved', { name: value.name }))
    refresh()
    onClose()
  })
  const https = value.rule_type === 'https'
  const domains = certs?.certificates.map((c) => c.domain) ?? []
  const port = (name: 'listen_port' | 'target_port') => (
    <Field label={t(`form.${name}`)} error={fieldOf(error, name)}>
      {(c) => <Input {...c} className="mono" inputMode="numeric" value={value[name] || ''} onChange={(e) => set({ [name]: Number(e.target.value.replace(/\D/g, '').slice(0, 5)) })} />}
    </Field>
  )
  const ready = value.name && value.listen_port && value.target_ip && value.target_port && (!https || value.cert_domain)
  return (
    <Drawer open onOpenChange={(open) => !open && onClose()} title={rule ? t('form.edit', { name: rule.name }) : t('form.add')} dirty={value !== (rule ?? blank)} onSubmit={submit}
      footer={
        <>
          {seen && <Button kind="ghost" disabled={busy} onClick={() => setSeen(null)}>{t('form.back')}</Button>}
          <Button kind="main" type="submit" disabled={!ready} busy={busy && t('busy')}>{t(later ? 'later.do' : seen ? 'form.apply' : 'form.check')}</Button>
        </>
      }>
      <div className="hform">
        {seen ? (
          <>
            <p className="t2">{t('diff.text')}</p>
            <Diff before={seen.before} after={seen.after} />
          </>
        ) : (
          <>
            <Field label={t('form.name')} error={fieldOf(error, 'name')} note={!rule && t('form.nameNote')}>
              {(c) => <Input {...c} disabled={Boolean(rule)} spellCheck={false} autoComplete="off" value={value.name} onChange={(e) => set({ name: e.target.value.trim() })} />}
            </Field>
            <Field label={t('form.rule_type')} error={fieldOf(error, 'rule_type')}>
              {(c) => <Select {...c} disabled={rule?.by_hand} value={value.rule_type} onChange={(e) => set({ rule_type: e.target.value })}><option value="tcp">{t('rules.type.tcp')}</option><option value="https">{t('rules.type.https')}</option></Select>}
            </Field>
            {port('listen_port')}
            <div className="hpair">
              <Field label={t('form.target_ip')} error={fieldOf(error, 'target_ip')}>
                {(c) => <Input {...c} className="mono" spellCheck={false} autoComplete="off" value={value.target_ip} onChange={(e) => set({ target_ip: e.target.value.trim() })} />}
              </Field>
              {port('target_port')}
            </div>
            {https && (
              <Field label={t('form.cert_domain')} error={fieldOf(error, 'cert_domain')} note={domains.length === 0 && t('form.noCerts')}>
                {(c) => <Select {...c} disabled={rule?.by_hand} value={value.cert_domain ?? ''} onChange={(e) => set({ cert_domain: e.target.value })}><option value="">{t('form.choose')}</option>{[...new Set([...domains, ...(value.cert_domain ? [value.cert_domain] : [])])].map((d) => <option key={d}>{d}</option>)}</Select>}
              </Field>
            )}
            {https && <Checkbox disabled={rule?.by_hand} checked={value.target_ssl} onChange={(e) => set({ target_ssl: e.target.checked })} label={t('form.target_ssl')} note={t('form.sslNote')} />}
            <Checkbox disabled={rule?.by_hand} checked={value.send_proxy} onChange={(e) => set({ send_proxy: e.target.checked })} label={t('form.send_proxy')} note={t('form.proxyNote')} />
            {rule?.by_hand && <p className="field-note">{t('rules.byHandHint')}</p>}
            {later && <p className="field-note">{t('later.note')}</p>}
          </>
        )}
        <Problem error={error} />
      </div>
    </Drawer>
  )
}

/** A rule as the agent takes it: TCP has neither a certificate nor TLS. */
function clean(r: HAProxyRule): HAProxyRule {
  const { name, rule_type, listen_port, target_ip, target_port, cert_domain, target_ssl, send_proxy } = r
  const both = { name, rule_type, listen_port, target_ip, target_port, send_proxy }
  return rule_type === 'https' ? { ...both, cert_domain, target_ssl } : { ...both, target_ssl: false }
}

/** Only what differs: a rule that somebody edited by hand takes nothing else. */
function updateOf(before: HAProxyRule, after: HAProxyRule): Partial<HAProxyRule> {
  const [a, b] = [clean(before), clean(after)]
  return Object.fromEntries(Object.entries(b).filter(([k, v]) => a[k as keyof HAProxyRule] !== v))
}
