// Loaded before the command line: a kill -9 of `bin/acervo` must end what it runs, as if the two were one process.
import process from 'node:process';

process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();
