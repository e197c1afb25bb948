import { type ReactNode, Suspense, createContext, lazy, use, useEffect, useMemo, useState } from "react";

import type { Post } from "../../api/client";

/** What the composer is opened for. */
export interface ComposeFor {
  replyTo?: Post;
  quoted?: Post;
  /** The user's own post, to edit it. */
  edited?: Post;
}

interface ComposerHandle {
  open: (target: ComposeFor) => void;
}

const ComposerContext = createContext<ComposerHandle>({ open: () => undefined });

const loadComposer = () => import("./Composer").then((module) => ({ default: module.Composer }));
const Composer = lazy(loadComposer);
/** After the page, so that it opens at once and no key press is lost. */
const LOADED_AFTER_MS = 2000;

/** The way to write a post, a reply or a quote, or to edit a post, from anywhere in the shell. */
export function useComposer(): ComposerHandle {
  return use(ComposerContext);
}

export function ComposerProvider({ children }: { children: ReactNode }) {
  const [opened, setOpened] = useState<{ target: ComposeFor; number: number }>();
  const value = useMemo(
    () => ({
      open: (target: ComposeFor) => setOpened((before) => ({ target, number: (before?.number ?? 0) + 1 })),
    }),
    [],
  );
  useEffect(() => {
    // Where that fails, opening it tries again.
    const timer = setTimeout(() => void loadComposer().catch(() => undefined), LOADED_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <ComposerContext value={value}>
      {children}
      {opened && (
        <Suspense fallback={null}>
          <Composer key={opened.number} target={opened.target} onClose={() => setOpened(undefined)} />
        </Suspense>
      )}
    </ComposerContext>
  );
}
