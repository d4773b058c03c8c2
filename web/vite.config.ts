import { defineConfig } from 'vite';

// One page, and a worker that holds the keys; names below `assets/` carry a hash.
export default defineConfig({
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { page: 'index.html', worker: 'src/device/worker.ts' },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'worker' ? 'app/worker.js' : 'app/assets/[name]-[hash].js'),
        chunkFileNames: 'app/assets/[name]-[hash].js',
        assetFileNames: 'app/assets/[name]-[hash][extname]',
      },
    },
  },
});
