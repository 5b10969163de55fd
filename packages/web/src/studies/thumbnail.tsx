import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { authorization } from '../api/fetch.ts';

const BYTES_MAX = 1 << 20;
const STALE_MS = 300_000;

/** Retrieve Rendered Thumbnail (PS3.18 10.4.1.1.4). Where there is none, nothing is shown: it is no failure. */
export function Thumbnail({ address }: { address: string }) {
  const { data } = useQuery({
    queryKey: ['thumbnail', address],
    queryFn: ({ signal }) => pictureOf(address, signal),
    staleTime: STALE_MS,
    retry: false,
  });
  useEffect(() => () => void (data && URL.revokeObjectURL(data)), [data]);
  return <div className="thumbnail">{data && <img src={data} alt="" />}</div>;
}

/** An image element sends no token, so the bytes are fetched. */
async function pictureOf(address: string, signal: AbortSignal): Promise<string | null> {
  const answer = await fetch(address, { headers: { accept: 'image/jpeg', ...authorization() }, signal });
  const isPicture = answer.ok && (answer.headers.get('content-type') ?? '').startsWith('image/');
  if (!isPicture || Number(answer.headers.get('content-length') ?? 0) > BYTES_MAX) return null;
  return URL.createObjectURL(await answer.blob());
}
