import { useTranslation } from 'react-i18next'
import { useTheme } from '../lib/theme'
import { pages } from './routes'

const states = ['loading', 'empty', 'error', 'data'] as const

/** Development only: every page in its four states beside each other, to compare heights and words. */
export function StatesPage() {
  const { i18n } = useTranslation()
  const theme = useTheme()
  const cases = [...pages.map((p) => p.path.replace(':id', '1').replace(':tab', 'rules')), 'login']
  return (
    <main className="h-dvh overflow-auto p-5">
      {cases.map((path) => (
        <section key={path} className="mb-6">
          <h2>{`/${path}`}</h2>
          <div className="mt-2 grid grid-cols-2 gap-3">
            {states.map((state) => (
              <figure key={state} className="card overflow-hidden">
                <figcaption className="cap px-3 py-1">{state}</figcaption>
                <iframe key={theme + i18n.language} title={`${path} ${state}`} src={`${path}?mock=${state}`} className="h-[620px] w-full border-0" />
              </figure>
            ))}
          </div>
        </section>
      ))}
    </main>
  )
}
