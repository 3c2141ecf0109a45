import { CircleCheck, CircleX, X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Toaster as Sonner, toast as sonner } from 'sonner'
import { Button, IconButton } from './button'

interface Undo {
  label: string
  run: () => void
}

function Toast({ id, ok, title, detail, undo }: { id: string | number; ok: boolean; title: string; detail?: string; undo?: Undo }) {
  const { t } = useTranslation('components')
  return (
    <div className="toast" role={ok ? 'status' : 'alert'}>
      {ok ? <CircleCheck size={16} className="text-ok" aria-hidden /> : <CircleX size={16} className="text-crit" aria-hidden />}
      <div className="min-w-0 flex-1">
        <div className="font-[550] break-words">{title}</div>
        {detail && <div className="text-sm text-text2 break-words">{detail}</div>}
      </div>
      {undo && <Button kind="ghost" size="small" onClick={() => { undo.run(); sonner.dismiss(id) }}>{undo.label}</Button>}
      {!undo && <IconButton icon={X} size="small" label={t('close')} onClick={() => sonner.dismiss(id)} />}
    </div>
  )
}

/** One line, a detail line and perhaps undo. Never the only place where an error is told; errors stay until closed. */
export const notify = {
  success: (title: string, detail?: string, undo?: Undo) => sonner.custom((id) => <Toast id={id} ok title={title} detail={detail} undo={undo} />, { duration: 5000 }),
  error: (title: string, detail?: string) => sonner.custom((id) => <Toast id={id} ok={false} title={title} detail={detail} />, { duration: Number.POSITIVE_INFINITY }),
}

/** Once in the app; below 1024 px toasts come from the top, since the bottom is the menu. */
export function Toaster({ small }: { small: boolean }) {
  const { t } = useTranslation('components')
  return <Sonner position={small ? 'top-center' : 'bottom-right'} visibleToasts={3} gap={8} containerAriaLabel={t('toasts')} toastOptions={{ unstyled: true }} />
}
