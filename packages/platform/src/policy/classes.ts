import type {
  Context,
  Decision,
  DeskClass,
  Policy,
  Principal,
  Question,
  StudyAction,
  StudyClass,
} from '../ports/policy.ts';

/** Answers that are remembered; the oldest are forgotten. */
const REMEMBERED_MAX = 100_000;

/**
 * The policy's answers, remembered: a decision follows from the class of who asks and the class of what is asked for,
 * and there are few of either. Nothing here ever becomes wrong, as the policy does not change while the process lives.
 */
export class Decisions {
  readonly policy: Policy;
  readonly #known = new Map<string, Decision>();

  constructor(policy: Policy) {
    this.policy = policy;
  }

  study(asker: Asker, action: StudyAction, study: StudyClass): Decision {
    const { institution, isOwn, isGranted, sharedFor, isReferred, glassBroken, sensitivity } = study;
    const flags = `${+isOwn}${+isGranted}${+isReferred}${+glassBroken}`;
    const key = `${asker.key} ${action} ${this.#named(institution)} ${flags} ${sharedFor.join()} ${sensitivity.join()}`;
    return this.#of(key, { ...asker, action, study });
  }

  desk(asker: Asker, action: Extract<Question, { desk: DeskClass }>['action'], desk: DeskClass): Decision {
    const key = `${asker.key} ${action} ${this.#named(desk.institution)} ${+desk.isOwn}${+desk.isGranted}`;
    return this.#of(key, { ...asker, action, desk });
  }

  asker(principal: Principal, context: Context): Asker {
    const { kind, id, institution, roles, may, strength } = principal;
    const who = this.policy.namesPrincipals ? id : '';
    const key = JSON.stringify([kind, who, this.#named(institution), roles, may, strength, context]);
    return { principal, context, key };
  }

  /** Institutions that no policy names are alike to all of them. */
  #named(institution: string): string {
    return this.policy.institutionsNamed.has(institution) ? institution : '';
  }

  #of(key: string, question: Question): Decision {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const decision = this.policy.decide(question);
    this.#known.set(key, decision);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= REMEMBERED_MAX) break;
      this.#known.delete(oldest);
    }
    return decision;
  }
}

/** Who asks, for what purpose; askers of one key are alike to the policy. */
export type Asker = { principal: Principal; context: Context; key: string };
