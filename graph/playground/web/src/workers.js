// Monaco asks for its workers by label. They are bundles of their own beside this one, so that
// worker-src 'self' suffices.
globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    return new Worker(new URL(WORKERS[label] ?? WORKERS.editor, import.meta.url), { name: label });
  },
};
