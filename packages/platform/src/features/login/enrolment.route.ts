import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import type { Op } from '../../ports/op.ts';
import { type EnrolmentForm, type EnrolmentPorts, enrol, enrolmentForm, type Told } from './enrolment.ts';
import { formFields } from './interaction.ts';
import { htmlAnswer, textOf } from './login.route.ts';
import { enrolledPage, enrolPage, noticePage } from './pages.ts';
import { textsFor } from './texts.ts';
import { keyHeaders } from './webauthn-pages.ts';

export const ENROL_PATH = '/login/enrol';
const FORM_BYTES_MAX = 16_384;
const FIELDS = ['login', 'name', 'institution', 'password', 'again', 'code', 'totp', 'credential', 'keyName'] as const;

/** Where a link leads that somebody was given: the code in it is what lets them in, once. */
export function enrolmentRoutes(ports: () => EnrolmentPorts, openOp: (address: string) => Op): Route[] {
  return [
    {
      method: 'GET',
      path: ENROL_PATH,
      summary: 'The form of an enrolment link',
      query: [{ name: 'code', description: 'Of the link' }],
      isPublic: true,
      handle: (request) => ask(ports(), request),
    },
    {
      method: 'POST',
      path: ENROL_PATH,
      summary: 'Set password and second factor',
      query: [{ name: 'code', description: 'Of the link' }],
      consumes: ['application/x-www-form-urlencoded'],
      isPublic: true,
      handle: (request, { address }) => set(ports(), request, openOp(address)),
    },
  ];
}

async function ask(ports: EnrolmentPorts, request: HttpRequest): Promise<HttpAnswer> {
  const form = await enrolmentForm(ports, codeOf(request));
  if (form === undefined) return over(request);
  return formAnswer(ports, 200, form, enrolPage(textsFor(request.headers['accept-language']), form, {}));
}

async function set(ports: EnrolmentPorts, request: HttpRequest, op: Op): Promise<HttpAnswer> {
  const fields = formFields(await textOf(request, FORM_BYTES_MAX));
  const told = Object.fromEntries(FIELDS.map((name) => [name, fields[name] ?? ''])) as Told;
  const given: Told = { ...told, login: told.login.trim().toLowerCase(), institution: told.institution.trim() };
  const t = textsFor(request.headers['accept-language']);
  try {
    const enrolled = await enrol(ports, op, codeOf(request), given);
    if (typeof enrolled !== 'string') return htmlAnswer(200, enrolledPage(t, enrolled.recoveryCodes));
    const form = await enrolmentForm(ports, codeOf(request), given.totp);
    return form === undefined ? over(request) : formAnswer(ports, 400, form, enrolPage(t, form, given, enrolled));
  } catch (thrown) {
    if (toFailure(thrown).code === 'access/denied') return over(request);
    throw thrown instanceof Failure ? thrown : toFailure(thrown);
  }
}

function formAnswer({ publicUrl }: EnrolmentPorts, status: number, { key }: EnrolmentForm, text: string): HttpAnswer {
  const answer = htmlAnswer(status, text);
  return { ...answer, headers: { ...answer.headers, ...keyHeaders(key, publicUrl) } };
}

function over(request: HttpRequest): HttpAnswer {
  const t = textsFor(request.headers['accept-language']);
  return htmlAnswer(404, noticePage(t, t.linkOverTitle, t.linkOverLead, { href: '/', text: t.home }));
}

const codeOf = ({ query }: HttpRequest): string => query.get('code') ?? '';
