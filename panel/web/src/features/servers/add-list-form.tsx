import { useTranslation } from 'react-i18next'
import { CopyButton } from '../../components/copy-button'
import { Field, FieldError, TextArea } from '../../components/field'
import { StateGlyph } from '../../components/state-glyph'
import { shortAddress } from './address'
import { mostServers, type LineProblem, type ParsedLine } from './parse-list'
import { PresetChoice } from './preset-choice'
import type { AddedServer, useAddList } from './use-add-list'

/** A script with every command under the name of its server. */
export function allCommands(added: readonly AddedServer[]): string {
  return added.map((a) => `# ${a.server.name} ${shortAddress(a.server.url)}\n${a.install.command}\n`).join('\n')
}

export function AddListForm({ list }: { list: ReturnType<typeof useAddList> }) {
  const { t } = useTranslation('servers')
  const wrong = list.lines.length - list.good
  const started = list.added.length > 0
  return (
    <>
      {!list.finished && (
        <>
          {started && list.lines.length > 0 && <h3 className="crit" role="alert">{t('list.left', { count: list.lines.length })}</h3>}
          <Field label={t('list.label')} note={t('list.note')} error={list.failure ?? (list.tooMany && t('list.tooMany', { count: mostServers }))}>
            {(c) => <TextArea {...c} autoFocus className="mono" rows={7} wrap="off" spellCheck={false} autoCapitalize="off" placeholder={t('list.placeholder')} value={list.text} onChange={(e) => list.setText(e.target.value)} />}
          </Field>
          {list.lines.length > 0 && <Preview lines={list.lines} summary={wrong > 0 ? t('list.wrong', { count: wrong, good: list.good }) : t('list.ready', { count: list.good })} />}
          <PresetChoice value={list.preset} onChange={list.setPreset} />
        </>
      )}
      {started && <Added added={list.added} />}
    </>
  )
}

const shownLines = 200

/** Lines with mistakes first: they need a person. */
function Preview({ lines, summary }: { lines: ParsedLine[]; summary: string }) {
  const { t } = useTranslation('servers')
  const sorted = [...lines.filter((l) => l.problem), ...lines.filter((l) => !l.problem)]
  return (
    <div className="field">
      <span className="label" role="status">{summary}</span>
      <div className="preview">
        <table className="tbl" aria-label={t('list.preview')}>
          <thead><tr><th scope="col" className="num">{t('list.line')}</th><th scope="col">{t('field.name')}</th><th scope="col">{t('field.address')}</th><th scope="col">{t('field.folder')}</th></tr></thead>
          <tbody>
            {sorted.slice(0, shownLines).map((l) => <PreviewRows key={l.line} line={l} />)}
          </tbody>
        </table>
      </div>
      {sorted.length > shownLines && <span className="field-note">{t('list.more', { count: sorted.length - shownLines })}</span>}
    </div>
  )
}

function PreviewRows({ line: l }: { line: ParsedLine }) {
  const problemText = useProblemText()
  return (
    <>
      <tr className={l.problem ? 'bad' : undefined}>
        <td className="num text-text3">{l.line}</td>
        <td className="ell" title={l.name}>{l.name || '–'}</td>
        <td className="mono ell" title={l.address}>{l.address || '–'}</td>
        <td className="ell" title={l.folder ?? undefined}>{l.folder ?? '–'}</td>
      </tr>
      {l.problem && <tr><td /><td colSpan={3} className="wrap"><FieldError>{problemText(l.problem)}</FieldError></td></tr>}
    </>
  )
}

function useProblemText(): (problem: LineProblem) => string {
  const { t } = useTranslation('servers')
  return (p) => {
    switch (p.kind) {
      case 'address':
        return t(`problem.address.${p.why}`)
      case 'twice':
        return t('problem.twice', { line: p.line })
      case 'taken':
        return t('problem.taken', { name: p.name })
      case 'refused':
        return p.detail
      default:
        return t(`problem.${p.kind}`)
    }
  }
}

function Added({ added }: { added: AddedServer[] }) {
  const { t } = useTranslation('servers')
  return (
    <section aria-label={t('list.addedLabel')}>
      <h3 role="status">{t('list.added', { count: added.length })}</h3>
      <p className="field-note mt-1">{t('list.addedNote')}</p>
      <ul className="added">
        {added.map(({ server, install }) => (
          <li key={server.id}>
            <StateGlyph state="loading" quiet />
            <span className="grow">
              <span className="row"><span className="b ell">{server.name}</span><span className="mono text-text3 ell">{shortAddress(server.url)}</span></span>
              <code className="mono ell" title={install.command}>{install.command}</code>
            </span>
            <CopyButton text={install.command} label={t('list.copyOne', { name: server.name })} />
          </li>
        ))}
      </ul>
    </section>
  )
}
