import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { C_FIND_RQ, DATA_SET } from '@acervo/dicom/dimse/command.ts';
import { EXPLICIT_LE, findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { FAILURES, toFailure } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { type DimseReply, type DimseRequest, type DimseResponse, isPending } from '../../bindings/dimse.ts';
import { type FindEnd, STUDY_ROOT_FIND } from '../../bindings/find-scu.ts';
import type { Op } from '../../ports/op.ts';
import { cFind, type FindPorts } from './find.scp.ts';
import { type FindLevel, type FindOptions, optionBytes } from './find-models.ts';
import { dicomJson, type Facts } from './query.fixture.ts';
import { askedIdentifier, askFind, type FindAnswer } from './query.scu.ts';

export type FindAsked = {
  level: FindLevel;
  keys: Facts;
  model?: string;
  options?: Partial<FindOptions>;
  charset?: string;
  transferSyntax?: string;
  /** The identifier as it is, instead of one made of the keys. */
  identifier?: DataSet | Uint8Array;
  /** C-CANCEL after so many answers. */
  cancelAfter?: number;
  over?: Partial<Op>;
};

export type Find = FindEnd & { answers: FindAnswer[] };

/** Ask the C-FIND service without a network, as a requestor does. */
export async function find(ports: FindPorts, asked: FindAsked): Promise<Find> {
  const { level, charset, transferSyntax = EXPLICIT_LE, model = STUDY_ROOT_FIND, cancelAfter = Infinity } = asked;
  const cancelling = new AbortController();
  const context = { id: 1, abstractSyntax: model, transferSyntax };
  const question = { level, keys: dicomJson(asked.keys), charset };
  const given = asked.identifier ?? askedIdentifier(question);
  const ask = async function* ({ dataSet }: { dataSet?: unknown }): AsyncGenerator<DimseReply, undefined> {
    const bytes = given instanceof Uint8Array ? given : (dataSet as Uint8Array);
    for await (const response of responses(ports, asked, bytes, cancelling.signal)) {
      const { status, errorComment, fields } = response;
      const command = {
        commandField: C_FIND_RQ,
        dataSetType: DATA_SET,
        ...fields,
        ...(errorComment !== undefined && { errorComment }),
      };
      yield { status, command, dataSet: response.dataSet };
    }
  };
  const answers: FindAnswer[] = [];
  const identifier = given instanceof Uint8Array ? askedIdentifier(question) : given;
  const asking = askFind({ ask }, context, identifier, undefined);
  for (;;) {
    const { value, done } = await asking.next();
    if (done === true) return { ...value, answers };
    answers.push(value);
    if (answers.length >= cancelAfter) cancelling.abort();
  }
}

/** What the association makes of the service: failures are final responses. */
export async function* responses(
  ports: FindPorts,
  { model = STUDY_ROOT_FIND, transferSyntax = EXPLICIT_LE, options, over }: FindAsked,
  bytes: Uint8Array,
  cancelled = new AbortController().signal,
): AsyncGenerator<DimseResponse, undefined> {
  const request: DimseRequest = {
    command: { commandField: C_FIND_RQ, messageId: 1, dataSetType: DATA_SET },
    context: { id: 1, abstractSyntax: model, transferSyntax },
    extended: options && optionBytes(options),
    cancelled,
    peer: { contexts: [], store: refuse, ask: refuse, staysQuiet: refuse },
    callingAet: 'SCU',
    calledAet: 'ACERVO',
    dataSet: (async function* () {
      yield bytes;
    })(),
  };
  try {
    const answer = cFind(ports).serve(request, testOp(over));
    for await (const response of Symbol.asyncIterator in answer ? answer : [answer]) {
      yield response;
      if (!isPending(response.status)) return;
    }
  } catch (thrown) {
    const { code } = toFailure(thrown);
    if (code === 'internal') throw thrown;
    yield { status: FAILURES[code].dimse, errorComment: FAILURES[code].title };
  }
}

const refuse = (): Promise<never> => Promise.reject(new TypeError('nothing is asked of the requestor'));

/** An identifier in bytes. */
export const written = (dataSet: DataSet, transferSyntax = EXPLICIT_LE): Uint8Array =>
  writeDataSet(dataSet, findTransferSyntax(transferSyntax) ?? { explicitVr: true, littleEndian: true });
