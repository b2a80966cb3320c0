/** How the pages are built on which parts of the site are looked at by themselves; nothing of them is part of the site. */

import { fileURLToPath } from 'node:url';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** The configuration of the page in a folder, such as `demo-ui`. PROFILE keeps names, for a profiler. */
export function demoPage(folder: string) {
  const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  return defineConfig({
    base: './',
    publicDir: false,
    plugins: [svelte()],
    build: {
      outDir: at(`node_modules/.${folder}`),
      emptyOutDir: true,
      target: 'es2022',
      minify: !process.env.PROFILE,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      cssCodeSplit: false,
      rollupOptions: {
        input: { demo: at(`${folder}/demo.ts`) },
        output: {
          entryFileNames: '[name].js',
          chunkFileNames: '[name].js',
          assetFileNames: (asset) => (asset.names[0]?.endsWith('.css') ? 'app.css' : '[name][extname]'),
        },
      },
    },
  });
}
