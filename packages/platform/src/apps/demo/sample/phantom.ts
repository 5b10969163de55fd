import type { Random } from '@acervo/kernel/random.ts';

/** A canvas of one sample per pixel, row by row from the top left. */
export type Canvas = { columns: number; rows: number; pixels: Uint16Array };

export const newCanvas = (columns: number, rows: number): Canvas => ({
  columns,
  rows,
  pixels: new Uint16Array(columns * rows),
});

/** In parts of the canvas: centre and half axes between 0 and 1. */
export type Ellipse = { x: number; y: number; rx: number; ry: number; value: number };

/** Paint an ellipse over what is there. */
export function paintEllipse({ columns, rows, pixels }: Canvas, { x, y, rx, ry, value }: Ellipse): void {
  const from = Math.max(0, Math.ceil((y - ry) * rows));
  const to = Math.min(rows - 1, Math.floor((y + ry) * rows));
  for (let row = from; row <= to; row++) {
    const dy = (row / rows - y) / ry;
    const half = rx * Math.sqrt(Math.max(0, 1 - dy * dy)) * columns;
    const start = Math.max(0, Math.ceil(x * columns - half));
    const end = Math.min(columns, Math.floor(x * columns + half) + 1);
    if (end > start) pixels.fill(value, row * columns + start, row * columns + end);
  }
}

/** Add a round, soft hill, or a hollow: `value` at the centre, nothing from the radius on; never below 0. */
export function addHill(canvas: Canvas, { x, y, rx, ry, value }: Ellipse): void {
  const { columns, rows, pixels } = canvas;
  const [left, right] = [Math.max(0, Math.floor((x - rx) * columns)), Math.min(columns, Math.ceil((x + rx) * columns))];
  const [top, bottom] = [Math.max(0, Math.floor((y - ry) * rows)), Math.min(rows, Math.ceil((y + ry) * rows))];
  for (let row = top; row < bottom; row++) {
    const dy = (row / rows - y) / ry;
    for (let column = left; column < right; column++) {
      const dx = (column / columns - x) / rx;
      const rest = 1 - dx * dx - dy * dy;
      if (rest <= 0) continue;
      const at = row * columns + column;
      pixels[at] = Math.max(0, (pixels[at] as number) + value * rest * rest);
    }
  }
}

const NOISE_LENGTH = 8192;

/** Bell-shaped noise, mean 0; made once and read from another place for each row, which no eye notices. */
export function newNoise(random: Random, deviation: number): Int16Array {
  const noise = new Int16Array(NOISE_LENGTH);
  for (let index = 0; index < NOISE_LENGTH; index++) {
    const sum = random.unit() + random.unit() + random.unit() + random.unit() - 2;
    noise[index] = Math.round(sum * Math.sqrt(3) * deviation);
  }
  return noise;
}

/** Add noise to every pixel, kept between 0 and `valueMax`. */
export function addNoise({ columns, rows, pixels }: Canvas, noise: Int16Array, random: Random, valueMax: number): void {
  for (let row = 0; row < rows; row++) {
    let from = random.below(NOISE_LENGTH);
    const start = row * columns;
    for (let index = start; index < start + columns; index++) {
      const value = (pixels[index] as number) + (noise[from] as number);
      pixels[index] = value < 0 ? 0 : value > valueMax ? valueMax : value;
      from = (from + 1) % NOISE_LENGTH;
    }
  }
}
