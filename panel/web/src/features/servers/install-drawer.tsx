import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Install, ServerItem } from '../../api/types'
import { Button, LinkButton } from '../../components/button'
import { Drawer } from '../../components/drawer'
import { FieldError } from '../../components/field'
import { useErrorText } from '../../lib/error-text'
import { JoinStep } from './join-step'
import { useNewInstall } from './queries'

/** A new install command for a server that exists. It ends the old agent's access, so it asks first. */
export function InstallDrawer({ server, onClose }: { server: ServerItem; onClose: () => void }) {
  const { t } = useTranslation('servers')
  const { t: common } = useTranslation('components')
  const errorText = useErrorText()
  const [install, setInstall] = useState<Install | null>(null)
  const make = useNewInstall()
  return (
    <Drawer open onOpenChange={(open) => !open && onClose()} title={install ? t('join.title', { name: server.name }) : t('install.title', { name: server.name })}
      footer={install ? (
        <>
          <Button kind="plain" onClick={onClose}>{common('close')}</Button>
          <LinkButton kind="main" to={`/servers/${server.id}`}>{t('add.openServer')}</LinkButton>
        </>
      ) : (
        <>
          <Button kind="ghost" autoFocus onClick={onClose}>{common('cancel')}</Button>
          <Button kind={server.joined ? 'danger-solid' : 'main'} busy={make.isPending && t('install.making')} onClick={() => make.mutate(server.id, { onSuccess: setInstall })}>{t('install.make')}</Button>
        </>
      )}>
      <div className="flex flex-col gap-4">
        {!install && <p className="text-text2">{t(server.joined ? 'install.joinedText' : 'install.text')}</p>}
        {make.isError && <FieldError>{errorText(make.error).text}</FieldError>}
        {install && <JoinStep key={install.token} server={server} install={install} onInstall={setInstall} />}
      </div>
    </Drawer>
  )
}
