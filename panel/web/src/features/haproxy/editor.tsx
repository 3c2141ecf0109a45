import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { indentUnit, syntaxHighlighting } from '@codemirror/language'
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from '@codemirror/search'
import { Annotation, Compartment, EditorState, type Extension, Transaction } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view'
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { managedRegion, setWords, wordMarks } from './editor-marks'
import { haproxyLanguage, highlighting } from './language'
import type { Word } from './words'

export interface EditorHandle {
  goTo: (line: number) => void
  search: () => void
}

interface EditorProps {
  ref?: Ref<EditorHandle>
  label: string
  /** A new object, as after a load, replaces what is there; what is typed does not come back through it. */
  source: { text: string }
  readOnly: boolean
  /** What HAProxy says of the text. */
  words: Word[]
  onChange: (text: string) => void
}

/** CodeMirror's own English words, by the keys of ours. */
const phrases = { find: 'Find', replace: 'Replace', next: 'next', previous: 'previous', all: 'all', case: 'match case', regexp: 'regexp', word: 'by word', replaceOne: 'replace', replaceAll: 'replace all', close: 'close', line: 'Go to line', go: 'go' }
const loaded = Annotation.define<true>()

/** Only a file whose every line ends so is one of CRLF: whatever the file, what was not touched comes back byte by byte. */
const separatorOf = (text: string): string => (text.includes('\r\n') && !/(^|[^\r])\n/.test(text) ? '\r\n' : '\n')

/** The configuration as text, with HAProxy's words at their lines. */
export default function Editor({ ref, label, source, readOnly, words, onChange }: EditorProps) {
  const { t } = useTranslation('haproxy')
  const box = useRef<HTMLDivElement>(null)
  const editor = useRef<EditorView>(null)
  const latest = useRef({ source, onChange })
  const lock = useRef(new Compartment())
  const separator = separatorOf(source.text)
  useEffect(() => {
    latest.current = { source, onChange }
  })
  useEffect(() => {
    const view = new EditorView({
      parent: box.current!,
      state: EditorState.create({
        doc: latest.current.source.text,
        extensions: [
          ...fixed(separator),
          EditorState.phrases.of(Object.fromEntries(Object.entries(phrases).map(([key, phrase]) => [phrase, t(`editor.phrases.${key}`)]))),
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0', spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off' }),
          lock.current.of([]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !update.transactions.some((tr) => tr.annotation(loaded))) latest.current.onChange(update.state.sliceDoc())
          }),
        ],
      }),
    })
    editor.current = view
    return () => view.destroy()
  }, [label, separator, t])
  useEffect(() => replace(editor.current!, source.text), [source])
  useEffect(() => editor.current!.dispatch({ effects: lock.current.reconfigure(EditorState.readOnly.of(readOnly)) }), [readOnly, label, separator, t])
  useEffect(() => editor.current!.dispatch({ effects: setWords.of(words) }), [words, label, separator, t])
  useImperativeHandle(ref, () => ({
    goTo: (line) => goTo(editor.current!, line),
    search: () => openSearchPanel(editor.current!),
  }), [])
  return <div ref={box} className="hcode" />
}

/** What does not change while the editor lives. Escape, then Tab leaves it. */
const fixed = (separator: string): Extension[] => [
  EditorState.lineSeparator.of(separator),
  lineNumbers(), highlightSpecialChars(), history(), drawSelection(), highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(),
  haproxyLanguage, syntaxHighlighting(highlighting), indentUnit.of('    '),
  search({ top: true }), managedRegion, wordMarks,
  keymap.of([...searchKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
]

/** Changes only the part that differs, so that the place on the screen stays. */
function replace(view: EditorView, text: string): void {
  const old = view.state.doc
  const doc = view.state.toText(text)
  if (old.eq(doc)) return
  const [a, b] = [old.toString(), doc.toString()]
  let from = 0
  while (from < a.length && from < b.length && a[from] === b[from]) from++
  let tail = 0
  while (tail < a.length - from && tail < b.length - from && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  view.dispatch({ changes: { from, to: a.length - tail, insert: doc.slice(from, b.length - tail) }, annotations: [loaded.of(true), Transaction.addToHistory.of(false)] })
}

function goTo(view: EditorView, line: number): void {
  const { from } = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines))
  view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) })
  view.focus()
}
