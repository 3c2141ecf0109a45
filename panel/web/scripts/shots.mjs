// Takes screenshots of the UI against the mock panel and fails on console errors, sideways scrolling and
// controls without a name: node scripts/shots.mjs [--out=DIR] [--only=audit,login] [--sizes=390,820,1440]
// [--themes=dark,light] [--languages=en,ru] [--states=data,empty,error,loading] [--servers=214] [--full]
import { mkdirSync } from 'node:fs'
import { chromium } from '@playwright/test'
import { createServer } from 'vite'

const options = Object.fromEntries(process.argv.slice(2).map((a) => a.replace(/^--/, '').split('=')))
const list = (name, fallback) => (options[name] ?? fallback).split(',')
const out = options.out ?? '../../build/shots'
const routes = { dashboard: '', servers: 'servers', server: 'servers/1', terminal: 'servers/1/terminal', haproxy: 'servers/1/haproxy', traffic: 'servers/1/traffic', alerts: 'alerts', rules: 'alerts/rules', silences: 'alerts/silences', channels: 'alerts/channels', billing: 'billing', bulk: 'bulk', audit: 'audit', settings: 'settings', login: 'login' }
const chosen = list('only', Object.keys(routes).join(','))
const heights = { 390: 844, 820: 1180, 1440: 900 }
const settle = 900 // the mock answers after 60 ms and skeletons come after 150
const now = Date.UTC(2026, 10, 23, 9, 41, 7)

/** Sideways scrolling of the page, and controls without a name. */
function faults() {
  const found = []
  const root = document.scrollingElement
  if (root.scrollWidth > innerWidth) found.push(`the page is ${root.scrollWidth} px wide`)
  for (const scroller of document.querySelectorAll('main.scroll')) if (scroller.scrollWidth > scroller.clientWidth + 1) found.push(`the content is ${scroller.scrollWidth} px wide in ${scroller.clientWidth}`)
  for (const control of document.querySelectorAll('button, a[href], input, select, textarea, [role="switch"]')) {
    const name = control.getAttribute('aria-label') || control.textContent.trim() || control.labels?.length || control.title || control.getAttribute('aria-labelledby')
    if (!name) found.push(`no name: ${control.outerHTML.slice(0, 120)}`)
  }
  return found
}

mkdirSync(out, { recursive: true })
const server = await createServer({ mode: 'demo', logLevel: 'error', server: { port: 0, host: '127.0.0.1', hmr: false, watch: null } })
await server.listen()
const base = server.resolvedUrls.local[0]
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] })
const problems = []

for (const theme of list('themes', 'dark,light'))
  for (const language of list('languages', 'en,ru'))
    for (const width of list('sizes', '390,1440').map(Number)) {
      const context = await browser.newContext({ viewport: { width, height: heights[width] ?? 900 }, reducedMotion: 'reduce' })
      await context.addInitScript(([t, l]) => { localStorage.setItem('theme', t); localStorage.setItem('language', l) }, [theme, language])
      await context.clock.setFixedTime(now)
      const page = await context.newPage()
      let name = ''
      page.on('pageerror', (e) => problems.push(`${name}: ${e}`))
      page.on('console', (m) => m.type() === 'error' && problems.push(`${name}: ${m.text()}`))
      for (const route of chosen)
        for (const state of list('states', 'data')) {
          name = [route, state, theme, language, width].join('-')
          const mock = route === 'login' ? 'signed-out' : state
          await page.goto(`${base}${routes[route] ?? route}?mock=${mock}&now=${now}&servers=${options.servers ?? 214}`, { waitUntil: 'load' })
          await page.waitForSelector(state === 'loading' ? '[aria-busy=true]' : 'h1, h2, h3', { timeout: 60_000 })
          if (state !== 'loading') await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'), undefined, { timeout: 60_000 })
          await page.waitForTimeout(settle)
          for (const f of await page.evaluate(faults)) problems.push(`${name}: ${f}`)
          if ('full' in options) await page.setViewportSize({ width, height: await page.evaluate(() => Math.max(innerHeight, ...[...document.querySelectorAll('main.scroll')].map((m) => m.scrollHeight + m.getBoundingClientRect().top))) })
          await page.screenshot({ path: `${out}/${name}.png` })
          if ('full' in options) await page.setViewportSize({ width, height: heights[width] ?? 900 })
        }
      await context.close()
    }

await browser.close()
await server.close()
for (const p of new Set(problems)) console.log(p)
console.log(`${problems.length} problems`)
process.exit(problems.length ? 1 : 0)
