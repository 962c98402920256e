/** What HTTP and Kafka share: the dispatch of one predictor, and the events that it replies with. */

import { randomUUID } from 'node:crypto';
import type { AdapterConfig } from '../config/adapter.ts';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import { createDispatch, type Dispatch } from '../delivery/dispatch.ts';
import type { Event } from '../event/event.ts';
import type { Identity } from '../event/names.ts';
import { createReplyFactory, type ReplyFactory } from '../event/reply.ts';
import { wallClock } from './clock.ts';
import type { OpenPredictor } from './open-predictor.ts';

export interface OpenDispatchDeps {
  readonly identity: Identity;
  readonly predictor: OpenPredictor;
  /** The predictor's call, under the limit that it has. */
  readonly call: CallWithinDeadline;
  /** The same for those who are answered at once where it serves nobody. */
  readonly guarded: CallWithinDeadline;
  /** Puts spans around it where there are any. */
  readonly traced: (dispatch: Dispatch) => Dispatch;
  /** Sees every reply event. */
  readonly replied: ((reply: Event) => void) | undefined;
}

export interface OpenDispatch {
  /** Of requests. */
  readonly dispatch: Dispatch;
  /** Of records, which wait where the predictor serves nobody. */
  readonly dispatchRecord: Dispatch;
  readonly replies: ReplyFactory;
}

/** Makes both from the settings. */
export function openDispatch(config: AdapterConfig, deps: OpenDispatchDeps): OpenDispatch {
  const { identity, predictor, traced, replied } = deps;
  const { targetOf, feedbackTargetOf, predictorUrl, feedback } = predictor;
  const replies = createReplyFactory({
    identity,
    source: config.responseSource,
    propagate: config.propagateExtensions,
    correlation: {
      attribute: config.correlationAttribute,
      replyAttribute: config.replyAttribute,
    },
  });
  const eventTypes = new Set(config.eventTypes);
  const { model, responseId } = config;
  const dispatchBy = (call: CallWithinDeadline): Dispatch => {
    const dispatch = traced(
      createDispatch(
        { identity, targetOf, feedbackTargetOf, model, predictorUrl, eventTypes, responseId },
        { call, feedback, replies, wallClock, randomId: randomUUID },
      ),
    );
    return replied === undefined ? dispatch : tapped(dispatch, replied);
  };
  return {
    dispatch: dispatchBy(deps.guarded),
    dispatchRecord: dispatchBy(deps.call),
    replies,
  };
}

function tapped(dispatch: Dispatch, replied: (reply: Event) => void): Dispatch {
  return async (input) => {
    const outcome = await dispatch(input);
    if (outcome.kind === 'replied') replied(outcome.reply);
    return outcome;
  };
}
