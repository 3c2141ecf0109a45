import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { notify } from '../../components/toast'
import { sentence, useErrorText } from '../../lib/error-text'
import { useTestTelegram } from './queries'

/** Sends a test message; empty values stand for the stored ones. The reason of a refusal is Telegram's own. */
export function useTelegramTest() {
  const { t } = useTranslation('alerts')
  const errorText = useErrorText()
  const test = useTestTelegram()
  const [refusal, setRefusal] = useState('')
  const run = (token: string, chat: string) => {
    setRefusal('')
    const failed = (reason: string) => {
      setRefusal(reason)
      notify.error(t('telegram.failed'), reason)
    }
    test.mutate({ bot_token: token, chat_id: chat }, {
      onSuccess: (answer) => (answer.success ? notify.success(t('telegram.arrived')) : failed(sentence(answer.error ?? ''))),
      onError: (e) => failed(errorText(e).text),
    })
  }
  return { run, running: test.isPending, refusal, clear: () => setRefusal('') }
}
