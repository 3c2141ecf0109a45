import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../components/button'
import { Drawer } from '../../components/drawer'
import { Field, Input, Select, TextArea } from '../../components/field'
import { notify } from '../../components/toast'
import { api } from '../../lib/api'
import { fieldOf, Problem } from './parts'
import { base, slow, useRefresh, useSubmit } from './queries'

/** Gets a certificate from Let's Encrypt, or takes one that exists. */
export function CertDrawer({ id, kind, onClose }: { id: number; kind: 'issue' | 'upload'; onClose: () => void }) {
  const { t } = useTranslation('haproxy')
  const refresh = useRefresh(id)
  const { busy, error, run } = useSubmit()
  const [domain, setDomain] = useState('')
  const [email, setEmail] = useState('')
  const [method, setMethod] = useState('standalone')
  const [webroot, setWebroot] = useState('')
  const [cert, setCert] = useState('')
  const [key, setKey] = useState('')
  const submit = () => void run(async () => {
    if (kind === 'issue') await api.post(`${base(id)}/certs/generate`, { domain, method, email: email || undefined, webroot: method === 'webroot' && webroot ? webroot : undefined }, slow)
    else await api.post(`${base(id)}/certs/upload`, { domain, cert_content: cert, key_content: key }, slow)
    notify.success(t('certs.added', { domain }))
    refresh()
    onClose()
  })
  return (
    <Drawer open onOpenChange={(open) => !open && !busy && onClose()} title={t(`certs.${kind}Title`)} dirty={!busy && Boolean(domain || cert || key)} onSubmit={submit}
      footer={<Button kind="main" type="submit" disabled={!domain || (kind === 'upload' && (!cert || !key))} busy={busy && t(kind === 'issue' ? 'certs.issuing' : 'busy')}>{t(`certs.${kind}`)}</Button>}>
      <div className="hform">
        <Field label={t('certs.domain')} error={fieldOf(error, 'domain')} note={kind === 'issue' && t('certs.domainNote')}>
          {(c) => <Input {...c} spellCheck={false} autoComplete="off" value={domain} onChange={(e) => setDomain(e.target.value.trim())} />}
        </Field>
        {kind === 'issue' ? (
          <>
            <Field label={t('certs.method')} error={fieldOf(error, 'method')} note={t(`certs.methodNote.${method}`)}>
              {(c) => <Select {...c} value={method} onChange={(e) => setMethod(e.target.value)}><option value="standalone">{t('certs.standalone')}</option><option value="webroot">{t('certs.webroot')}</option></Select>}
            </Field>
            {method === 'webroot' && <Field label={t('certs.folder')} error={fieldOf(error, 'webroot')} note={t('certs.folderNote')}>{(c) => <Input {...c} className="mono" value={webroot} onChange={(e) => setWebroot(e.target.value)} />}</Field>}
            <Field label={t('certs.email')} error={fieldOf(error, 'email')} note={t('certs.emailNote')}>{(c) => <Input {...c} type="email" value={email} onChange={(e) => setEmail(e.target.value.trim())} />}</Field>
          </>
        ) : (
          <>
            <Field label={t('certs.pem')} error={fieldOf(error, 'cert_content')} note={t('certs.pemNote')}>{(c) => <TextArea {...c} className="mono" rows={8} spellCheck={false} value={cert} onChange={(e) => setCert(e.target.value)} />}</Field>
            <Field label={t('certs.key')} error={fieldOf(error, 'key_content')} note={t('certs.keyNote')}>{(c) => <TextArea {...c} className="mono" rows={8} spellCheck={false} autoComplete="off" value={key} onChange={(e) => setKey(e.target.value)} />}</Field>
          </>
        )}
        <Problem error={error} />
      </div>
    </Drawer>
  )
}
