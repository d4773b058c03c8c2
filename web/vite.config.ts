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
        // The two builds of the device are told apart: `patients-…`, `doctors-…`.
        assetFileNames: ({ originalFileNames: [file = ''] }) => `app/assets/${/wasm\/(patient|doctor)\//.exec(file)?.[1]?.concat('s') ?? '[name]'}-[hash][extname]`,
      },
    },
  },
});
