import { Layout } from './layout'
import { RequireSession } from './require-session'

/** What stands around every page behind the login; the login itself loads without it. */
export function Frame() {
  return <RequireSession><Layout /></RequireSession>
}
