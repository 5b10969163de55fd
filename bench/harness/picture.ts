import sharp from 'sharp';

/** @throws unless it is a picture with sides of so many pixels, and of more than one shade */
export async function checkPicture(url: string, body: Uint8Array, side: number): Promise<void> {
  const { dominant, channels } = await sharp(body).stats();
  const { width, height } = await sharp(body).metadata();
  const isFlat = channels.every(({ min, max }) => min === max);
  if (width !== side || height !== side || isFlat) throw new Error(`${url}: ${width} x ${height}, ${dominant.r}`);
}
