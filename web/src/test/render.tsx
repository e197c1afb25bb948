import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider, createMemoryHistory, createRootRoute, createRouter } from "@tanstack/react-router";
import { type RenderResult, render } from "@testing-library/react";
import type { ReactNode } from "react";

import { queryClient } from "../api/cache";
import { ToastProvider } from "../design/Toast";
import { ComposerProvider } from "../features/compose/ComposerProvider";
import { SignInPromptProvider } from "../features/sessions/SignInPrompt";
import { LanguageProvider, loadMessages } from "../i18n/LanguageProvider";
import type { Language } from "../i18n/languages";

interface RenderedPage extends RenderResult {
  /** The address that is shown now. */
  address: () => string;
}

/** Renders a component with what the shell gives it: words, cache, router, toasts, composer. */
export async function renderPage(
  content: ReactNode,
  { language = "en" as Language, at = "/" } = {},
): Promise<RenderedPage> {
  queryClient.clear();
  const router = createRouter({
    routeTree: createRootRoute({
      component: () => (
        <ComposerProvider>
          <SignInPromptProvider>{content}</SignInPromptProvider>
        </ComposerProvider>
      ),
    }),
    history: createMemoryHistory({ initialEntries: [at] }),
  });
  await router.load();
  const page = render(
    <LanguageProvider initial={language} messages={await loadMessages(language)}>
      <QueryClientProvider client={queryClient}>
        <ToastProvider>
          {/* The routes of a test are not those of the client. */}
          <RouterProvider router={router as never} />
        </ToastProvider>
      </QueryClientProvider>
    </LanguageProvider>,
  );
  return { ...page, address: () => router.state.location.href };
}
