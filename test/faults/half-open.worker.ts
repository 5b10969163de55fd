import { connect, type Socket } from 'node:net';

// Connections that say nothing, or nearly so, from many loopback addresses: `port count perSecond first`. Runs until it
// is told to end by its standard input, and tells what became of them.
const [port = 0, count = 0, perSecond = 0, firstAddress = 2] = process.argv.slice(2).map(Number);

/** Each of them is another peer to the archive. */
const ADDRESSES = 50;
/** The beginning of an A-ASSOCIATE-RQ: a PDU type, a reserved byte, and no more. */
const BEGINNING = Uint8Array.of(1, 0);
const EVERY_MS = 20;

/** What became of them when all have begun: how many there were at most at a time, as this side saw it. */
export type Flood = { begun: number; open: number; most: number; refused: number };

const open = new Set<Socket>();
let begun = 0;
let refused = 0;
let most = 0;

function begin(): void {
  const localAddress = `127.0.0.${firstAddress + (begun % ADDRESSES)}`;
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  begun += 1;
  socket.on('connect', () => {
    open.add(socket);
    most = Math.max(most, open.size);
    if (begun % 2 === 0) socket.write(BEGINNING);
  });
  socket.on('error', () => {
    refused += 1;
  });
  socket.on('close', () => open.delete(socket));
}

const flooding = setInterval(() => {
  const now = Math.min(count - begun, Math.ceil((perSecond * EVERY_MS) / 1000));
  for (let each = 0; each < now; each++) begin();
  if (begun < count) return;
  clearInterval(flooding);
  const flood: Flood = { begun, open: open.size, most, refused };
  process.stdout.write(`${JSON.stringify(flood)}\n`);
}, EVERY_MS);

process.stdin.on('end', () => process.exit(0)).resume();
