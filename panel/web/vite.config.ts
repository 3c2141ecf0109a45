import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

/** In development nobody fills in the placeholders that the panel replaces in every answer. */
function placeholders(): Plugin {
  return {
    name: 'placeholders',
    apply: 'serve',
    transformIndexHtml: { order: 'pre', handler: (html) => html.replaceAll('/__base__/', '/').replaceAll('__nonce__', 'dev') },
  }
}

// Paths of the build are relative: the secret path is known only when the page is served.
export default defineConfig({
  base: './',
  plugins: [react(), tailwindcss(), placeholders()],
  build: { target: 'es2023', assetsInlineLimit: 0, emptyOutDir: true, chunkSizeWarningLimit: 700 },
  server: { proxy: process.env.PANEL_URL ? { '/api': { target: process.env.PANEL_URL, changeOrigin: true } } : undefined },
  test: {
    environment: 'jsdom',
    environmentOptions: { jsdom: { url: 'http://panel.test/secret/' } },
    setupFiles: ['src/test/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    testTimeout: 20_000,
  },
})
