import { Link, useLocation } from "@tanstack/react-router";
import { type ReactNode, createContext, use, useMemo, useState } from "react";

import { buttonClass } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { type MessageId, useText } from "../../i18n/messages";
import styles from "./SignInPrompt.module.css";
import { type Intent, keepIntent } from "./intent";

interface Prompt {
  /** What an account is needed for. */
  title: MessageId;
  /** What is done after signing in. */
  intent: Intent;
  /** Where it is done; the present address where absent. */
  to?: string;
}

const PromptContext = createContext<(prompt: Prompt) => void>(() => undefined);

/** Offers a stranger to sign in for something. They come back, and it is done. */
export function useSignInPrompt(): (prompt: Prompt) => void {
  return use(PromptContext);
}

export function SignInPromptProvider({ children }: { children: ReactNode }) {
  const [prompt, setPrompt] = useState<Prompt>();
  const show = useMemo(() => (next: Prompt) => setPrompt(next), []);
  return (
    <PromptContext value={show}>
      {children}
      {prompt && <SignInDialog prompt={prompt} onClose={() => setPrompt(undefined)} />}
    </PromptContext>
  );
}

function SignInDialog({ prompt, onClose }: { prompt: Prompt; onClose: () => void }) {
  const text = useText();
  const here = useLocation({ select: ({ href }) => href });
  // The first page shows a user other posts than a stranger.
  const to = prompt.to ?? (here === "/" ? "/public" : here);
  const keep = () => {
    keepIntent(prompt.intent, to);
    onClose();
  };
  return (
    <Dialog title={text(prompt.title)} onClose={onClose}>
      <div className={styles.prompt}>
        <p>{text("sessions.prompt_text")}</p>
        <Link to="/sign-in" search={{ to }} className={buttonClass({ size: "large", wide: true })} onClick={keep}>
          {text("sessions.sign_in")}
        </Link>
        <Link
          to="/sign-up"
          search={{ to }}
          className={buttonClass({ variant: "secondary", size: "large", wide: true })}
          onClick={keep}
        >
          {text("sessions.sign_up")}
        </Link>
      </div>
    </Dialog>
  );
}
