import { defineConfig } from '@playwright/test'

// Debian's Chromium; nothing is downloaded. As root it needs --no-sandbox.
export default defineConfig({
  testDir: 'e2e',
  outputDir: '../../build/e2e',
  reporter: 'json',
  workers: 1,
  timeout: 120_000,
  forbidOnly: true,
  expect: { timeout: 15_000 },
  use: {
    viewport: { width: 1440, height: 900 },
    actionTimeout: 15_000,
    launchOptions: {
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    },
    screenshot: 'only-on-failure',
  },
})
