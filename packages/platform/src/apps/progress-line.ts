const REDRAW_MS = 200;
const BAR_CHARS = 24;
const CLEAR_LINE = '\r\x1b[2K';

/** One line on a terminal that is drawn again and again; elsewhere it says nothing. */
export type ProgressLine = {
  /** @param share  done, 0 to 1; undefined while the whole is not known */
  show(share: number | undefined, text: string): void;
  /** Write a line above. */
  line(text: string): void;
  end(): void;
};

export function progressLine(stream: NodeJS.WriteStream, isWanted: boolean): ProgressLine {
  if (!isWanted || !stream.isTTY)
    return { show: () => {}, line: (text) => void stream.write(`${text}\n`), end: () => {} };
  let drawnMs = 0;
  let last = '';
  const draw = (): void =>
    void stream.write(`${CLEAR_LINE}${last}`.slice(0, CLEAR_LINE.length + (stream.columns ?? 80) - 1));
  return {
    show: (share, text) => {
      last = `${bar(share)} ${text}`;
      if (performance.now() - drawnMs < REDRAW_MS) return;
      drawnMs = performance.now();
      draw();
    },
    line: (text) => {
      stream.write(`${CLEAR_LINE}${text}\n`);
      draw();
    },
    end: () => void stream.write(last === '' ? '' : `${CLEAR_LINE}${last}\n`),
  };
}

function bar(share: number | undefined): string {
  const filled = Math.round(BAR_CHARS * Math.min(1, share ?? 0));
  const percent = share === undefined ? '' : ` ${Math.floor(share * 100)} %`;
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_CHARS - filled)}]${percent}`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes for people, e.g. `3.4 GiB`. */
export function sizeText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * power);
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power]}`;
}
