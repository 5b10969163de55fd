/** A process of runs that is told of one and then hears nothing, as one that computes without end. */
process.on('message', (message: { kind: string }) => {
  while (message.kind === 'begin') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
