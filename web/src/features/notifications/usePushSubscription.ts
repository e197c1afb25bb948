import { useRouter } from "@tanstack/react-router";
import { useCallback, useEffect, useEffectEvent, useMemo, useState } from "react";
import { useIntl } from "react-intl";

import { useToasts } from "../../design/Toast";
import { useLanguage } from "../../i18n/LanguageProvider";
import { type MessageId, useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import type { PushWords, WorkerMessage } from "../../sw/device";
import { KINDS } from "./queries";
import { subscribePush, unsubscribePush } from "./actions";
import { PushDenied, type PushState, askPermission, onPushChange, pushState, renewDevice } from "./push";

interface UsedPush {
  /** Undefined until the browser has answered. */
  state: PushState | undefined;
  pending: boolean;
  /** Requests the permission and subscribes. To be called by a click. */
  turnOn: () => Promise<void>;
  turnOff: () => Promise<void>;
}

/** Whether notifications are pushed to this browser, and what changes that. */
export function usePushSubscription(): UsedPush {
  const text = useText();
  const toasts = useToasts();
  const words = usePushWords();
  const [state, setState] = useState<PushState>();
  const subscribing = useAction(subscribePush);
  const unsubscribing = useAction(unsubscribePush);

  useEffect(() => {
    let there = true;
    const look = () =>
      void pushState().then((next) => {
        if (there) setState(next);
      });
    look();
    const end = onPushChange(look);
    // The permission may change in the settings of the browser.
    document.addEventListener("visibilitychange", look);
    return () => {
      there = false;
      end();
      document.removeEventListener("visibilitychange", look);
    };
  }, []);

  const turnOn = useCallback(async () => {
    try {
      await askPermission();
    } catch (error) {
      if (!(error instanceof PushDenied)) throw error;
      toasts.show({ tone: "failure", text: text("notifications.push_not_allowed") });
      setState(await pushState());
      return;
    }
    await subscribing.run({ words });
  }, [subscribing, toasts, text, words]);

  const turnOff = useCallback(async () => {
    await unsubscribing.run({});
  }, [unsubscribing]);

  return { state, pending: subscribing.pending || unsubscribing.pending, turnOn, turnOff };
}

/** What the worker writes titles with. */
function usePushWords(): PushWords {
  const { messages } = useIntl();
  const { language } = useLanguage();
  return useMemo(() => {
    const parsed = messages as unknown as Record<MessageId, PushWords["titles"][string]>;
    return {
      language,
      titles: Object.fromEntries(KINDS.map((kind) => [kind, parsed[`notifications.title_${kind}`]])),
    };
  }, [messages, language]);
}

/** Keeps the device registered, and shows what a clicked notification is about. */
export function usePushUpkeep(signedIn: boolean): void {
  const router = useRouter();
  const words = usePushWords();

  // What fails here is tried again at the next start.
  const renew = useEffectEvent((now: boolean) => void renewDevice(words, { now }).catch(() => undefined));
  useEffect(() => {
    if (signedIn) renew(false);
  }, [signedIn, words.language]);

  const onMessage = useEffectEvent(({ data }: MessageEvent<WorkerMessage | null>) => {
    if (data?.type === "OPEN") router.history.push(data.path);
    else if (data?.type === "RENEW_PUSH") renew(true);
  });
  useEffect(() => {
    if (!("serviceWorker" in navigator)) return;
    const listen = (event: MessageEvent<WorkerMessage | null>) => onMessage(event);
    navigator.serviceWorker.addEventListener("message", listen);
    return () => navigator.serviceWorker.removeEventListener("message", listen);
  }, []);
}
