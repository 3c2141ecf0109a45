import { EditorView } from '@codemirror/view'
import { screen } from '@testing-library/react'
import { expect, it } from 'vitest'
import { renderPart } from '../../test/render'
import Editor from './editor'

const nothing: never[] = []

it.each(['defaults\r\n    mode tcp\r\n', 'defaults\r\n    mode tcp\n    # x\r', 'no end of line', '\n\n', ''])('gives %j back byte by byte but for what was typed', async (text) => {
  const said: string[] = []
  const source = { text }
  await renderPart(<Editor label="file" source={source} readOnly={false} words={nothing} onChange={(t) => said.push(t)} />)
  const view = EditorView.findFromDOM(await screen.findByRole('textbox', { name: 'file' }))!
  expect(view.state.sliceDoc()).toBe(text)
  view.dispatch({ changes: { from: 0, insert: '#' } })
  expect(said).toEqual([`#${text}`])
})
