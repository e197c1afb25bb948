import { type ReactNode, Suspense, createContext, lazy, use, useMemo, useState } from "react";

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

const Composer = lazy(() => import("./Composer").then((module) => ({ default: module.Composer })));

/** The way to write a post, a reply or a quote from anywhere in the shell. */
export function useComposer(): ComposerHandle {
  return use(ComposerContext);
}

export function ComposerProvider({ children }: { children: ReactNode }) {
  const [target, setTarget] = useState<ComposeFor>();
  const value = useMemo(() => ({ open: setTarget }), []);
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
