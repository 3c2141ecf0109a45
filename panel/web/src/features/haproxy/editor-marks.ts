import { type EditorState, RangeSetBuilder, StateEffect, StateField } from '@codemirror/state'
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate, WidgetType } from '@codemirror/view'
import { endMarker, startMarker } from './language'
import type { Word } from './words'

/** Replaces what HAProxy says; an edit moves its words along with their lines. */
export const setWords = StateEffect.define<Word[]>()

/** HAProxy's words below their line. */
class Said extends WidgetType {
  constructor(readonly word: Word) {
    super()
  }
  override eq(other: Said): boolean {
    return other.word.text === this.word.text && other.word.kind === this.word.kind
  }
  toDOM(): HTMLElement {
    const box = document.createElement('div')
    box.className = `hc-said ${this.word.kind}`
    box.textContent = this.word.text
    return box
  }
}

function decorate(state: EditorState, words: Word[]): DecorationSet {
  const placed = words.filter((w) => w.line !== null && w.line >= 1 && w.line <= state.doc.lines)
  return Decoration.set(placed.flatMap((word) => {
    const line = state.doc.line(word.line!)
    return [Decoration.line({ class: `hc-bad ${word.kind}` }).range(line.from), Decoration.widget({ widget: new Said(word), block: true, side: 1 }).range(line.to)]
  }), true)
}

export const wordMarks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, tr) {
    for (const effect of tr.effects) if (effect.is(setWords)) return decorate(tr.state, effect.value)
    return marks.map(tr.changes)
  },
  provide: (field) => EditorView.decorations.from(field),
})

/** First and last line of the panel's rules with their markers, or null. */
export function regionOf(state: EditorState): { first: number; last: number } | null {
  let [n, first] = [0, 0]
  for (const text of state.doc.iterLines()) {
    n++
    const line = text.trim()
    if (line === startMarker && !first) first = n
    if (line === endMarker && first) return { first, last: n }
  }
  return null
}

const managed = Decoration.line({ class: 'hc-managed' })

function tint(view: EditorView): DecorationSet {
  const region = regionOf(view.state)
  const out = new RangeSetBuilder<Decoration>()
  if (!region) return out.finish()
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = view.state.doc.lineAt(at)
      if (line.number >= region.first && line.number <= region.last) out.add(line.from, line.from, managed)
      at = line.to + 1
    }
  }
  return out.finish()
}

/** Tints what the panel manages, as far as it is seen. */
export const managedRegion = ViewPlugin.fromClass(
  class {
    marks: DecorationSet
    constructor(view: EditorView) {
      this.marks = tint(view)
    }
    update(update: ViewUpdate): void {
      if (update.docChanged || update.viewportChanged) this.marks = tint(update.view)
    }
  },
  { decorations: (plugin) => plugin.marks },
)
