import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type CommandArgs, type CommandContext, textOption } from './command.ts';

/**
 * Where a command notes what it has done: the file of --resume-file, else one for each question.
 * @param folder  below the data directory
 * @param asked  what makes it another question: the same gives the same file
 */
export function resumeFile(
  args: CommandArgs,
  { config }: CommandContext,
  folder: string,
  asked: readonly unknown[],
): string {
  const given = textOption(args, 'resume-file');
  if (given !== undefined) return given;
  const id = createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 16);
  return join(config.dataDir, folder, `${id}.jsonl`);
}
