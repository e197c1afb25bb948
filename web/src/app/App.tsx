import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect } from "react";

import { queryClient } from "../api/cache";
import { ToastProvider, useToasts } from "../design/Toast";
import { useText } from "../i18n/messages";
import { useProblemText } from "../i18n/problems";
import { handleKey } from "../keyboard/shortcuts";
import { outbox } from "../offline/actions";
import { router } from "./router";
import { registerWorker } from "./worker";

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <ToastProvider>
        <Effects />
        <RouterProvider router={router} />
      </ToastProvider>
    </QueryClientProvider>
  );
}

/** What the whole client listens to: keys, new releases, actions that were refused later. */
function Effects() {
  const toasts = useToasts();
  const text = useText();
  const problemText = useProblemText();

  useEffect(() => {
    document.addEventListener("keydown", handleKey);
    return () => document.removeEventListener("keydown", handleKey);
  }, []);

  useEffect(
    () =>
      outbox.onRefusal((failure, error) => {
        toasts.show({ tone: "failure", text: `${text(failure)} ${problemText(error)}` });
        // What was shown before is not so.
        void queryClient.invalidateQueries();
      }),
    [toasts, text, problemText],
  );

  useEffect(() => {
    void registerWorker((activate) =>
      toasts.show({
        text: text("common.new_release"),
        action: { label: text("common.reload"), run: activate },
      }),
    );
    // Once: a change of the language registers nothing again.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  return null;
}
