import js from '@eslint/js';
import globals from 'globals';

export default [
  js.configs.recommended,
  { rules: { eqeqeq: 'error', 'no-var': 'error', 'prefer-const': 'error' } },
  { files: ['page/js/**'], languageOptions: { globals: globals.browser } },
  {
    files: ['page/js/worker.js'],
    languageOptions: { globals: globals.worker, sourceType: 'script' },
  },
  {
    files: ['page/sw.js', 'served/sw.js'],
    languageOptions: { globals: globals.serviceworker, sourceType: 'script' },
  },
  {
    files: ['tools/**', 'tests/**'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
];
