import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { startI18n } from '../lib/i18n'
import { App } from './app'
import { createRouter } from './router'
import './styles.css'
import { texts } from './texts'

const reloadedKey = 'reloaded-at'

// A tab older than the build asks for files that are gone: load the page anew, but not in a circle.
window.addEventListener('vite:preloadError', (event) => {
  const last = Number(sessionStorage.getItem(reloadedKey) ?? 0)
  if (Date.now() - last < 30_000) return
  event.preventDefault()
  sessionStorage.setItem(reloadedKey, String(Date.now()))
  location.reload()
})

async function start(): Promise<void> {
  if (import.meta.env.MODE === 'demo') (await import('../test/demo')).startDemo()
  await startI18n(texts)
  const root = document.getElementById('root')
  if (!root) throw new Error('the page has no #root')
  createRoot(root).render(<StrictMode><App router={createRouter()} /></StrictMode>)
}

void start()
