import { VRS, type Vr } from '../vr.ts';

/** A copy with the bytes of each unit in reverse order; what is left behind the last whole unit stays. */
export function swapped(bytes: Uint8Array, unitBytes: 2 | 4 | 8): Uint8Array {
  // Not `slice`: of a Buffer that would be a view, and the bytes that are being stored would be turned.
  const out = new Uint8Array(bytes);
  const whole = out.length - (out.length % unitBytes);
  for (let at = 0; at < whole; at += unitBytes) {
    for (let low = at, high = at + unitBytes - 1; low < high; low++, high--) {
      const byte = out[low] as number;
      out[low] = out[high] as number;
      out[high] = byte;
    }
  }
  return out;
}

/**
 * A value in the other byte order (PS3.5 7.3): the same bytes where the VR has no order. UN has none: it is
 * little endian in every transfer syntax (PS3.5 6.2.2 note 7). Pixel Data of OW is turned in words of 16
 * bits, whatever Bits Allocated says (PS3.5 8.1.1, annex D).
 */
export function inOtherOrder(bytes: Uint8Array, vr: Vr): Uint8Array {
  const { swapBytes } = VRS[vr];
  return swapBytes === 1 ? bytes : swapped(bytes, swapBytes);
}
