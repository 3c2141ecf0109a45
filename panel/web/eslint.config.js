import js from '@eslint/js'
import i18next from 'eslint-plugin-i18next'
import hooks from 'eslint-plugin-react-hooks'
import globals from 'globals'
import { readdirSync } from 'node:fs'
import ts from 'typescript-eslint'

const features = readdirSync(new URL('./src/features', import.meta.url))

/** Import rules of the layers: app -> features -> components -> lib -> api; features do not know each other. */
const layer = (files, forbidden, message) => ({
  files,
  ignores: ['src/**/*.test.*'],
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: forbidden, message }] }] },
})

export default ts.config(
  { ignores: ['dist', 'node_modules'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  { languageOptions: { globals: { ...globals.browser } } },
  { files: ['scripts/**', '*.config.*', 'e2e/**', 'src/test/**'], languageOptions: { globals: { ...globals.node } } },
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': hooks },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-restricted-globals': ['error', { name: 'fetch', message: 'use lib/api.ts' }],
    },
  },
  { files: ['src/lib/api.ts', 'src/**/*.test.*', 'src/test/**'], rules: { 'no-restricted-globals': 'off' } },
  {
    // Every word the user reads comes from en.json and ru.json. Signs and key names are the same in both.
    files: ['src/**/*.tsx'],
    ignores: ['src/**/*.test.tsx', 'src/test/**'],
    plugins: { i18next },
    rules: {
      'i18next/no-literal-string': ['error', { mode: 'jsx-text-only', words: { exclude: ['[^A-Za-zА-Яа-я]*', 'CPU', 'RAM', 'TCP', 'UDP', 'TLS'] } }],
      'no-restricted-syntax': ['error', { selector: 'JSXAttribute[name.name=/^(title|label|placeholder|alt|text|note|description|aria-label)$/] > Literal[value=/[A-Za-zА-Яа-я]{2}/]', message: 'take the words from en.json and ru.json' }],
    },
  },
  layer(['src/lib/**', 'src/api/**'], ['**/app/*', '**/features/*', '**/features/*/*', '**/components/*', '**/components/*/*'], 'lib knows no components, features or pages'),
  layer(['src/components/**'], ['**/app/*', '**/features/*', '**/features/*/*'], 'components know no features'),
  ...features.map((feature) =>
    layer([`src/features/${feature}/**`], ['**/app/*', ...features.filter((f) => f !== feature).map((f) => `**/${f}/**`).map((p) => p.replace('**/', '../')), ...features.filter((f) => f !== feature).map((f) => `../../features/${f}/**`)], 'features do not import each other or app'),
  ),
)
