// What went wrong, the same wherever it did: in the worker, at the service, on the way.

import type { FieldError } from '../api/schema';

export interface Said {
  /** The problem's code; `offline` where nobody answers, `locked` where the keys are put away. */
  code: string;
  status?: number;
  detail: string;
  errors?: FieldError[];
  user_id?: string;
}

export class Failure extends Error {
  readonly said: Said;

  constructor(said: Said) {
    super(said.detail);
    this.said = said;
  }

  get code(): string {
    return this.said.code;
  }

  /** Of whatever was thrown: the device throws JSON texts. */
  static of(thrown: unknown): Failure {
    if (thrown instanceof Failure) return thrown;
    if (typeof thrown === 'string') {
      try {
        return new Failure(JSON.parse(thrown) as Said);
      } catch {
        return new Failure({ code: 'device', detail: thrown });
      }
    }
    return new Failure({ code: 'device', detail: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}
