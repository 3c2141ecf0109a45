import { useTranslation } from 'react-i18next'
import { Select } from '../../components/field'
import { SearchField } from '../../components/search-field'
import { useFolders } from '../../lib/fleet'
import { type ListView, states } from './list-view'

const inFolder = 'in:'

/** Search, folder and state; the list narrows at once. */
export function Filters({ view, onChange }: { view: ListView; onChange: (change: Partial<ListView>) => void }) {
  const { t } = useTranslation('servers')
  const { t: common } = useTranslation('components')
  const folders = useFolders().data ?? []
  const folder = view.folder === undefined ? 'all' : view.folder === null ? 'none' : inFolder + view.folder
  const chooseFolder = (value: string) => onChange({ folder: value === 'all' ? undefined : value === 'none' ? null : value.slice(inFolder.length) })
  return (
    <div className="filters">
      <SearchField shortcut label={t('filter.search')} placeholder={t('filter.searchHint')} value={view.query} onChange={(query) => onChange({ query })} className="search" />
      <Select aria-label={t('filter.folder')} value={folder} onChange={(e) => chooseFolder(e.target.value)}>
        <option value="all">{t('filter.allFolders')}</option>
        {folders.map((f) => <option key={f.name} value={inFolder + f.name}>{f.name}</option>)}
        <option value="none">{t('filter.noFolder')}</option>
      </Select>
      <Select aria-label={t('filter.state')} value={view.state ?? ''} onChange={(e) => onChange({ state: states.find((s) => s === e.target.value) ?? null })}>
        <option value="">{t('filter.allStates')}</option>
        {states.map((s) => <option key={s} value={s}>{common(`state.${s}`)}</option>)}
      </Select>
    </div>
  )
}
