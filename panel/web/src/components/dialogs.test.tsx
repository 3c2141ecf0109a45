import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { expect, it, vi } from 'vitest'
import { ApiError } from '../lib/api'
import { renderPart } from '../test/render'
import { Button } from './button'
import { CommandPalette, type PaletteItem } from './command-palette'
import { ConfirmDanger } from './confirm-danger'
import { Drawer } from './drawer'
import { Input } from './field'
import { Segmented } from './segmented'

const names = (n: number) => Array.from({ length: n }, (_, i) => `server-${i}`)

it('asks to type verb and number above five things', async () => {
  const onConfirm = vi.fn(() => Promise.resolve())
  const onOpenChange = vi.fn()
  await renderPart(<ConfirmDanger open onOpenChange={onOpenChange} title="Delete 6 servers?" consequence="Their history goes too." items={names(6)} verb="Delete" busy="Deleting" word="delete" onConfirm={onConfirm} />)
  expect(screen.getByText('3 more')).toBeTruthy()
  expect(screen.getByRole('button', { name: 'Delete' })).toHaveProperty('disabled', true)
  await userEvent.type(screen.getByRole('textbox'), 'delete 6')
  await userEvent.click(screen.getByRole('button', { name: 'Delete' }))
  expect(onConfirm).toHaveBeenCalledTimes(1)
  await waitFor(() => expect(onOpenChange).toHaveBeenCalledWith(false))
})

it('puts the focus on Cancel, stays open after a failure and says why', async () => {
  const onOpenChange = vi.fn()
  const onConfirm = () => Promise.reject(new ApiError(409, 'conflict', 'it is in use'))
  await renderPart(<ConfirmDanger open onOpenChange={onOpenChange} title="Delete one?" consequence="It is gone." items={names(1)} verb="Delete" busy="Deleting" word="delete" onConfirm={onConfirm} />)
  expect(document.activeElement?.textContent).toBe('Cancel')
  await userEvent.click(screen.getByRole('button', { name: 'Delete' }))
  await screen.findByText('it is in use')
  expect(onOpenChange).not.toHaveBeenCalled()
})

function DrawerWithForm({ onClosed }: { onClosed: () => void }) {
  const [text, setText] = useState('')
  return <Drawer open onOpenChange={(open) => !open && onClosed()} title="Add" dirty={text !== ''}><Input aria-label="name" value={text} onChange={(e) => setText(e.target.value)} /></Drawer>
}

it('asks before unsaved input is lost', async () => {
  const onClosed = vi.fn()
  await renderPart(<DrawerWithForm onClosed={onClosed} />)
  await userEvent.type(screen.getByLabelText('name'), 'x')
  await userEvent.keyboard('{Escape}')
  expect(onClosed).not.toHaveBeenCalled()
  await userEvent.click(await screen.findByRole('button', { name: 'Discard' }))
  expect(onClosed).toHaveBeenCalledTimes(1)
})

it('closes at once when nothing was entered', async () => {
  const onClosed = vi.fn()
  await renderPart(<DrawerWithForm onClosed={onClosed} />)
  await userEvent.keyboard('{Escape}')
  expect(onClosed).toHaveBeenCalledTimes(1)
})

it('runs what the palette finds, by keyboard', async () => {
  const run = vi.fn()
  const item = (id: string, more: Partial<PaletteItem> = {}): PaletteItem => ({ id, group: 'Servers', label: id, run: (newTab) => run(id, newTab), ...more })
  const items = [item('Add server', { group: 'Commands' }), ...names(40).map((n) => item(n, { later: true, extra: '192.0.2.1' }))]
  await renderPart(<CommandPalette open onOpenChange={() => {}} items={items} />)
  expect(screen.getAllByRole('option')).toHaveLength(1)
  await userEvent.type(screen.getByRole('combobox'), 'server-3')
  expect(screen.getAllByRole('option').map((o) => o.textContent)).toContain('server-39192.0.2.1')
  await userEvent.keyboard('{ArrowDown}{Control>}{Enter}{/Control}')
  expect(run).toHaveBeenCalledWith('server-30', true)
  await userEvent.type(screen.getByRole('combobox'), 'zzz')
  screen.getByText(/Nothing found/)
})

it('is a radio group that arrows move', async () => {
  const onChange = vi.fn()
  await renderPart(<Segmented label="Period" value="1h" options={[{ value: '1h', label: '1 h' }, { value: '24h', label: '24 h' }, { value: '7d', label: '7 d' }]} onChange={onChange} />)
  expect(screen.getByRole('radio', { name: '1 h' }).getAttribute('aria-checked')).toBe('true')
  screen.getByRole('radio', { name: '1 h' }).focus()
  await userEvent.keyboard('{ArrowLeft}')
  expect(onChange).toHaveBeenCalledWith('7d')
  expect(document.activeElement).toBe(screen.getByRole('radio', { name: '7 d' }))
})

it('keeps a button from being pressed twice', async () => {
  await renderPart(<Button busy="Saving">Save</Button>)
  const button = screen.getByRole('button', { name: /Saving/ })
  expect(button).toHaveProperty('disabled', true)
  expect(button.getAttribute('aria-busy')).toBe('true')
})
