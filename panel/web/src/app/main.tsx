import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { startI18n } from '../lib/i18n'
import { App } from './app'
import { createRouter } from './router'
import './styles.css'
import { texts } from './texts'

const reloadedKey = 'reloaded-at'

// A tab older than the build asks for files that are gone: load the page anew, but not in a circle, and not while the
// panel is away, which would leave the browser's own error page in place of ours.
window.addEventListener('vite:preloadError', () => {
  const last = Number(sessionStorage.getItem(reloadedKey) ?? 0)
  if (Date.now() - last < 30_000) return
  // eslint-disable-next-line no-restricted-globals -- the page and not the API
  fetch(location.href, { cache: 'no-store' }).then((page) => {
    if (!page.ok) return
    sessionStorage.setItem(reloadedKey, String(Date.now()))
    location.reload()
  }, () => undefined)
})

async function start(): Promise<void> {
  if (import.meta.env.MODE === 'demo') (await import('../test/demo')).startDemo()
  await startI18n(texts)
  const root = document.getElementById('root')
  if (!root) throw new Error('the page has no #root')
  createRoot(root).render(<StrictMode><App router={createRouter()} /></StrictMode>)
}

void start()
