import '@xterm/xterm/css/xterm.css'
import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'
import { RotateCw } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ServerItem, TerminalEnd } from '../../api/types'
import { Button } from '../../components/button'
import { api, ApiError, apiUrl } from '../../lib/api'
import { useTheme } from '../../lib/theme'
import { useSay } from '../../lib/words'
import { Failure } from './run-view'

/** How the shell is: an error is why it could not be opened, an end comes from the server. */
type State = { is: 'opening' | 'open' | 'lost' | 'refused' } | { is: 'failed'; error: unknown } | { is: 'ended'; end: TerminalEnd }

const encoder = new TextEncoder()
/** Bytes of one message; the panel takes no larger one than 64 KiB. */
const frame = 32 << 10

/** A shell of the server: it lives as long as this is on the page. */
export function Shell({ server }: { server: ServerItem }) {
  const { t } = useTranslation('terminal')
  const say = useSay()
  const box = useRef<HTMLDivElement>(null)
  const terminal = useRef<Terminal>(null)
  const [attempt, setAttempt] = useState(0)
  const [state, setState] = useState<State>({ is: 'opening' })
  const theme = useTheme()
  const label = t('window.label', { name: server.name })

  useEffect(() => {
    const term = new Terminal({ cursorBlink: true, fontFamily: style('--mono'), fontSize: 13, scrollback: 5000, theme: colors() })
    const fit = new FitAddon()
    term.loadAddon(fit)
    term.open(box.current!)
    term.textarea?.setAttribute('aria-label', label)
    fit.fit()
    terminal.current = term
    const close = connect(server.id, term, setState)
    const resized = new ResizeObserver(() => box.current?.clientWidth && fit.fit()) // hidden it has no size
    resized.observe(box.current!)
    return () => {
      resized.disconnect()
      close()
      term.dispose()
    }
  }, [server.id, attempt, label])

  useEffect(() => {
    if (terminal.current) terminal.current.options.theme = colors()
  }, [theme])

  const over = state.is !== 'opening' && state.is !== 'open'
  return (
    <section className="shell" aria-label={label}>
      <div ref={box} className="shell-box" />
      <div className="shell-foot" role="status">
        {state.is === 'failed' ? <Failure error={state.error} /> : <span className="t2">{state.is === 'ended' ? say(state.end.words, state.end.reason) || t('window.ended', { code: state.end.exit_code }) : t(`window.${state.is}`)}</span>}
        {over && <Button size="small" icon={RotateCw} onClick={() => { setState({ is: 'opening' }); setAttempt(attempt + 1) }}>{t('window.again')}</Button>}
      </div>
    </section>
  )
}

/** Asks for a ticket and joins the terminal with the shell. Returns what closes it. */
function connect(serverId: number, term: Terminal, tell: (state: State) => void): () => void {
  const abort = new AbortController()
  let socket: WebSocket | null = null
  const send = (data: Uint8Array<ArrayBuffer> | string) => socket?.readyState === WebSocket.OPEN && socket.send(data)
  const type = (bytes: Uint8Array<ArrayBuffer>) => {
    for (let at = 0; at < bytes.length; at += frame) send(bytes.slice(at, at + frame))
  }
  const size = () => ({ cols: term.cols, rows: term.rows })
  term.onData((text) => type(encoder.encode(text)))
  term.onBinary((text) => type(Uint8Array.from(text, (c) => c.charCodeAt(0))))
  term.onResize(() => send(JSON.stringify(size())))
  const open = (ticket: string) => {
    let end: State = { is: 'refused' }
    socket = new WebSocket(apiUrl(`terminal/${ticket}`).replace(/^http/, 'ws'))
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      end = { is: 'lost' }
      tell({ is: 'open' })
      send(JSON.stringify(size()))
      term.focus()
    }
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (typeof data !== 'string') return term.write(new Uint8Array(data))
      end = { is: 'ended', end: JSON.parse(data) as TerminalEnd }
    }
    socket.onclose = () => !abort.signal.aborted && tell(end)
  }
  api.post<{ ticket: string }>(`proxy/${serverId}/terminal`, size(), { signal: abort.signal }).then(
    ({ ticket }) => !abort.signal.aborted && open(ticket),
    (error: unknown) => !abort.signal.aborted && tell({ is: 'failed', error: error instanceof Error ? error : new ApiError(0, 'unreachable', '') }),
  )
  return () => {
    abort.abort()
    socket?.close()
  }
}

const style = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** The terminal in the colours of the page; the sixteen are those of the panel's states and series. */
function colors() {
  const c = (name: string) => style(`--${name}`)
  const six = { red: c('crit'), green: c('ok'), yellow: c('warn'), blue: c('s-a'), magenta: c('s-c'), cyan: c('s-d') }
  return {
    background: c('surface'), foreground: c('text'), cursor: c('text'), cursorAccent: c('surface'), selectionBackground: c('line2'),
    black: c('s3'), white: c('text2'), brightBlack: c('text3'), brightWhite: c('text'), ...six,
    brightRed: six.red, brightGreen: six.green, brightYellow: six.yellow, brightBlue: six.blue, brightMagenta: six.magenta, brightCyan: six.cyan,
  }
}
