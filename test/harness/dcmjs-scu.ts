import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import { freePort } from './orthanc.ts';

// One bundle of CommonJS: its names are not seen by import.
const dimse = createRequire(import.meta.url)('dcmjs-dimse') as typeof import('dcmjs-dimse');
const { Client, Dataset, Scp, Server, constants, requests, responses } = dimse;
dimse.log.disableAll();

const PUSH_MODEL = '1.2.840.10008.1.20.1';
const PUSH_MODEL_INSTANCE = '1.2.840.10008.1.20.1.1';
const SUCCESS = 0x0000;

type Item = { ReferencedSOPClassUID: string; ReferencedSOPInstanceUID: string; FailureReason?: number };

/** A storage commitment report, as dcmjs-dimse reads it. */
export type HeardReport = {
  eventTypeId: number;
  transactionUid: string;
  committed: string[];
  /** SOP Instance UID and Failure Reason. */
  failed: [string, number | undefined][];
};

type EventReport = InstanceType<typeof requests.NEventReportRequest>;
type EventAnswer = (response: InstanceType<typeof responses.NEventReportResponse>) => void;

function heardOf(request: EventReport): HeardReport {
  const elements = request.getDataset()?.getElements() as {
    TransactionUID: string;
    ReferencedSOPSequence?: Item[];
    FailedSOPSequence?: Item[];
  };
  return {
    eventTypeId: request.getEventTypeId(),
    transactionUid: elements.TransactionUID,
    committed: (elements.ReferencedSOPSequence ?? []).map((item) => item.ReferencedSOPInstanceUID).sort(),
    failed: (elements.FailedSOPSequence ?? []).map((item) => [item.ReferencedSOPInstanceUID, item.FailureReason]),
  };
}

function answer(request: EventReport, callback: EventAnswer): void {
  const response = responses.NEventReportResponse.fromRequest(request);
  response.setStatus(SUCCESS);
  callback(response);
}

export type Asked = {
  aeTitle: string;
  transactionUid: string;
  references: readonly { sopClassUid: string; sopInstanceUid: string }[];
  /** How long it keeps the association open after the response, in milliseconds. */
  lingerMs: number;
};

/** Ask an archive for commitment. @returns the status, and the reports that came on the same association */
export async function askForCommitment(
  archive: { dimsePort: number; aeTitle: string },
  { aeTitle, transactionUid, references, lingerMs }: Asked,
): Promise<{ status: number; reports: HeardReport[] }> {
  const request = new requests.NActionRequest(PUSH_MODEL, PUSH_MODEL_INSTANCE, 1);
  const items = references.map(({ sopClassUid, sopInstanceUid }) => ({
    ReferencedSOPClassUID: sopClassUid,
    ReferencedSOPInstanceUID: sopInstanceUid,
  }));
  request.setDataset(
    new Dataset(
      { TransactionUID: transactionUid, ReferencedSOPSequence: items },
      constants.TransferSyntax.ImplicitVRLittleEndian,
    ),
  );
  const closed = Promise.withResolvers<void>();
  const reports: HeardReport[] = [];
  let status = -1;
  request.on('response', (response: { getStatus(): number }) => {
    status = response.getStatus();
  });
  const client = new Client();
  client.addRequest(request);
  client.on('nEventReportRequest', (report: EventReport, callback: EventAnswer) => {
    reports.push(heardOf(report));
    answer(report, callback);
  });
  client.on('closed', () => closed.resolve());
  client.on('networkError', (error: Error) => closed.reject(error));
  client.send('127.0.0.1', archive.dimsePort, aeTitle, archive.aeTitle, { associationLingerTimeout: lingerMs });
  await closed.promise;
  return { status, reports };
}

/** Where dcmjs-dimse takes reports on associations of the archive; ends with the test. */
export async function listenForReports(t: TestContext): Promise<{ port: number; reports: HeardReport[] }> {
  const reports: HeardReport[] = [];
  class ReportTaker extends Scp {
    // It asks the association itself for its contexts, and accepts those that it is made for.
    override associationRequested(association: InstanceType<typeof dimse.association.Association>): void {
      for (const { id } of association.getPresentationContexts()) {
        const context = association.getPresentationContext(id);
        const isOurs = context.getAbstractSyntaxUid() === PUSH_MODEL;
        const { Accept, RejectAbstractSyntaxNotSupported } = constants.PresentationContextResult;
        if (isOurs) context.setResult(Accept, constants.TransferSyntax.ExplicitVRLittleEndian);
        else context.setResult(RejectAbstractSyntaxNotSupported);
      }
      this.sendAssociationAccept();
    }

    override nEventReportRequest(request: EventReport, callback: EventAnswer): void {
      reports.push(heardOf(request));
      answer(request, callback);
    }

    override associationReleaseRequested(): void {
      this.sendAssociationReleaseResponse();
    }
  }
  const port = await freePort();
  const server = new Server(ReportTaker);
  server.listen(port);
  t.after(() => server.close());
  return { port, reports };
}
