import { useState } from 'react'
import type { CreatedServer, Install } from '../../api/types'
import { type FormErrors, type ServerForm, useFormErrors } from './form-errors'
import { type Preset, useCreateServer } from './queries'

const empty: ServerForm = { name: '', address: '', folder: '' }

/** The form of one new server, and the server once it is there. */
export function useAddOne() {
  const [form, setForm] = useState(empty)
  const [preset, setPreset] = useState<Preset>('full')
  const [errors, setErrors] = useState<FormErrors>({})
  const [created, setCreated] = useState<{ server: CreatedServer; install: Install } | null>(null)
  const create = useCreateServer()
  const { check, read } = useFormErrors()
  const submit = async () => {
    const found = check(form)
    setErrors(found)
    if (Object.keys(found).length > 0) return
    try {
      setCreated(await create.mutateAsync({ name: form.name.trim(), url: form.address.trim(), folder: form.folder.trim() || null, preset }))
    } catch (error) {
      setErrors(read(error, form))
    }
  }
  return {
    form, preset, errors, created, busy: create.isPending,
    dirty: !created && (form.name !== '' || form.address !== ''),
    setForm, setPreset, submit,
    setInstall: (install: Install) => setCreated((old) => old && { ...old, install }),
    /** The folder and the kind stay: the next one is often alike. */
    again: () => { setCreated(null); setForm({ ...empty, folder: form.folder }) },
  }
}
