import { Failure } from '@acervo/kernel/failure.ts';
import { isKey } from '@acervo/kernel/journal/signature.ts';
import { integer, list, optional, path, readArchiveUrl, words } from './setting.ts';

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u;

function readWitness(text: string): { name: string; key: string } {
  const at = text.lastIndexOf('=');
  const [name, key] = [text.slice(0, at), text.slice(at + 1)];
  if (at > 0 && NAME.test(name) && isKey(key)) return { name, key };
  throw new Failure('config/invalid', 'NAME=KEY, the key being 43 characters of base64url');
}

/** Who witnesses our journal, and whose we witness (decision record 0038). */
export const WITNESS_SETTINGS = {
  witnesses: list(
    {
      env: 'ACERVO_WITNESSES',
      unit: 'NAME=KEY',
      doc: 'Other institutions and their public keys, whose signatures under our checkpoints are taken over HTTP.',
    },
    'NAME=KEY, with commas between',
    readWitness,
  ),
  witnessOf: list(
    {
      env: 'ACERVO_WITNESS_OF',
      unit: 'URLs',
      doc: 'Archives of other institutions whose journals this one witnesses: https://host[:port].',
    },
    'URLs, with commas between',
    readArchiveUrl,
  ),
  witnessName: words(
    { env: 'ACERVO_WITNESS_NAME', unit: 'name', doc: 'As whom this archive witnesses others.' },
    'acervo',
    NAME,
    '1 to 64 letters, digits, blanks, . _ -',
  ),
  witnessS: integer(
    { env: 'ACERVO_WITNESS_S', unit: 's', doc: 'How often the archives of ACERVO_WITNESS_OF are witnessed.' },
    3600,
    1,
    86_400,
  ),
  witnessFile: optional(
    path(
      {
        env: 'ACERVO_WITNESS_FILE',
        unit: 'path',
        doc:
          'How this archive is known to those that it witnesses, and their keys: JSON, by URL ' +
          '{ client: { id, secret } | token, trust }. Absent: by its certificate.',
      },
      '',
    ),
  ),
} as const;
