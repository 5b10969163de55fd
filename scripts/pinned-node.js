// The Node that the lockfile pins, wherever this one is older. Plain JavaScript, for Node 20.
import { createRequire } from 'node:module';
import process from 'node:process';

const NODE_MAJOR = 24;

/** Path of a Node 24: the one of node_modules, else this process's own where it is new enough. */
export function pinnedNode() {
  try {
    return createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    // Not installed, or none for this machine.
    return Number(process.versions.node.split('.')[0]) >= NODE_MAJOR ? process.execPath : undefined;
  }
}
