import { useQuery } from '@tanstack/react-query'
import { Eye, EyeOff, Moon, Sun } from 'lucide-react'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { Navigate, useSearchParams } from 'react-router'
import { Button, IconButton } from '../../components/button'
import { Field, Input } from '../../components/field'
import { Mark } from '../../components/mark'
import { useTitle } from '../../components/page-header'
import { currentLanguage, setLanguage } from '../../lib/i18n'
import { sessionQuery } from '../../lib/session'
import { toggleTheme, useTheme } from '../../lib/theme'
import { useFormat } from '../../lib/use-format'
import { LoginDrawing } from './drawing'
import { bannedUntil, type LoginFailure, useBanStatus, useLogin } from './queries'

/** One field; password managers and paste work. Whoever is signed in goes on to where they wanted. */
export function LoginPage() {
  const { t } = useTranslation('login')
  useTitle(t('tab'))
  const [params] = useSearchParams()
  const session = useQuery(sessionQuery)
  if (session.data?.authenticated) return <Navigate to={safeNext(params.get('next'))} replace />
  return (
    <div className="grid h-dvh grid-rows-[auto_1fr_auto]">
      <Preferences />
      <main className="mt-[-6vh] w-84 max-w-[calc(100vw-40px)] place-self-center"><LoginForm /></main>
      <LoginDrawing />
    </div>
  )
}

/** Only places inside of the panel: never another site. */
export function safeNext(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) ? next : '/'
}

function Preferences() {
  const { t } = useTranslation('login')
  const theme = useTheme()
  return (
    <div className="flex justify-end gap-0.5 px-4.5 py-3.5">
      <button type="button" className="btn gh sm" aria-label={t('language')} onClick={() => void setLanguage(currentLanguage() === 'ru' ? 'en' : 'ru')}>{t('languageCode')}</button>
      <IconButton size="small" icon={theme === 'dark' ? Sun : Moon} label={t('theme')} onClick={toggleTheme} />
    </div>
  )
}

function LoginForm() {
  const { t } = useTranslation('login')
  const login = useLogin()
  const status = useBanStatus().data
  const [password, setPassword] = useState('')
  const [shown, setShown] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const ban = status && login.isIdle ? bannedUntil(status) : null
  const failure: LoginFailure | null = login.error ?? (ban ? { kind: 'banned', until: ban } : null)
  useEffect(() => {
    if (login.isError) input.current?.select()
  }, [login.isError])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (login.isPending) return
    if (password.trim()) login.mutate(password)
    else input.current?.focus()
  }
  return (
    <form className="flex flex-col gap-4" onSubmit={submit}>
      <div className="mb-1.5">
        <span className="mb-4.5 block"><Mark size={30} /></span>
        <h1 className="text-kpi!">{t('title')}</h1>
        <p className="mt-1 text-text2">{t('hint')}</p>
      </div>
      <Field label={t('password')} error={failure && <Failure failure={failure} />}>
        {(control) => (
          <span className="relative block">
            <Input {...control} ref={input} autoFocus type={shown ? 'text' : 'password'} name="password" autoComplete="current-password" className="h-10.5! bg-surface! pr-11! text-dialog!" value={password} onChange={(e) => setPassword(e.target.value)} />
            <span className="absolute top-1.5 right-1.5"><IconButton icon={shown ? EyeOff : Eye} label={shown ? t('hide') : t('show')} onClick={() => setShown(!shown)} /></span>
          </span>
        )}
      </Field>
      <Button kind="main" type="submit" className="h-10.5! w-full" busy={login.isPending && t('signingIn')}>{t('signIn')}</Button>
      <p className="cap">
        {status && <><Trans t={t} i18nKey="from" values={{ ip: status.ip }} components={{ ip: <span className="mono text-text2" /> }} />{' '}</>}
        {t('reset')}
      </p>
    </form>
  )
}

function Failure({ failure }: { failure: LoginFailure }) {
  const { t } = useTranslation('login')
  const f = useFormat()
  switch (failure.kind) {
    case 'wrong':
      return t('failure.wrong', { count: failure.attemptsLeft })
    case 'banned':
      return t('failure.banned', { time: f.clockShort(failure.until) })
    case 'unreachable':
      return t('failure.unreachable')
    default:
      return t('failure.refused', { detail: failure.detail })
  }
}
