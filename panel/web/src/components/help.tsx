import { CircleQuestionMark } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from './button'
import { Drawer } from './drawer'

/** A question mark after a heading that opens a short article. Grey: amber is a state. */
export function Help({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTranslation('components')
  const [open, setOpen] = useState(false)
  return (
    <>
      <IconButton icon={CircleQuestionMark} size="small" label={t('help', { title })} onClick={() => setOpen(true)} />
      <Drawer open={open} onOpenChange={setOpen} title={title}>
        <div className="prose-width flex flex-col gap-3 text-text2">{children}</div>
      </Drawer>
    </>
  )
}
