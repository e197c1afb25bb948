import { type ReactNode, Suspense, createContext, lazy, use, useEffect, useMemo, useState } from "react";

import type { Post } from "../../api/client";

/** What the composer is opened for. */
export interface ComposeFor {
  replyTo?: Post;
  quoted?: Post;
}

interface ComposerHandle {
  open: (target: ComposeFor) => void;
}

const ComposerContext = createContext<ComposerHandle>({ open: () => undefined });

const loadComposer = () => import("./Composer").then((module) => ({ default: module.Composer }));
const Composer = lazy(loadComposer);
/** After the page, so that it opens at once and no key press is lost. */
const LOADED_AFTER_MS = 2000;

/** The way to write a post, a reply or a quote from anywhere in the shell. */
export function useComposer(): ComposerHandle {
  return use(ComposerContext);
}

export function ComposerProvider({ children }: { children: ReactNode }) {
  const [target, setTarget] = useState<ComposeFor>();
  const value = useMemo(() => ({ open: setTarget }), []);
  useEffect(() => {
    // Where that fails, opening it tries again.
    const timer = setTimeout(() => void loadComposer().catch(() => undefined), LOADED_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <ComposerContext value={value}>
      {children}
      {target && (
        <Suspense fallback={null}>
          <Composer target={target} onClose={() => setTarget(undefined)} />
        </Suspense>
      )}
    </ComposerContext>
  );
}
