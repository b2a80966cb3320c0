import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** One entry a page: `static/app/<name>.js`. An entry exports nothing and nothing imports it. */
const entries = {
  builder: 'src/builder.ts',
  lists: 'src/lists.ts',
  overview: 'src/overview.ts',
  run: 'src/run.ts',
  compare: 'src/compare.ts',
  'open-run': 'src/open-run.ts',
  selftest: 'src/selftest.ts',
};

// The output is committed and must be the same bytes on every machine: no source maps, hashes of the content alone.
// Twelve hex digits are the form that Django gives its own hashed files, so that WhiteNoise lets browsers keep them.
const hashed = 'chunks/[name].[hash:12]';

export default defineConfig({
  base: './',
  publicDir: false,
  plugins: [svelte({ compilerOptions: { cssHash: ({ hash, css }) => `s-${hash(css)}` } })],
  worker: {
    format: 'es',
    rollupOptions: { output: { hashCharacters: 'hex', entryFileNames: `${hashed}.js` } },
  },
  build: {
    outDir: '../static/app',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    assetsInlineLimit: 0,
    license: { fileName: 'LICENSES.md' },
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    rollupOptions: {
      input: entries,
      output: {
        hashCharacters: 'hex',
        entryFileNames: '[name].js',
        chunkFileNames: `${hashed}.js`,
        assetFileNames: (asset) => (asset.names[0]?.endsWith('.css') ? 'app.css' : `${hashed}[extname]`),
        codeSplitting: {
          groups: [
            // Else it lies in an entry, which no chunk may import.
            { name: 'preload', test: /vite.preload-helper/ },
            { name: 'uplot', test: /node_modules.uplot/ },
            { name: 'vendor', test: /node_modules.(svelte|esm-env|clsx)/ },
            { name: 'codemirror', test: /node_modules.(@codemirror|@lezer|style-mod|w3c-keyname|crelt)/ },
          ],
        },
      },
    },
  },
  test: { include: ['test/**/*.test.ts'], sequence: { shuffle: true } },
});
