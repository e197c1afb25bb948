import { Link } from "@tanstack/react-router";

import { EmptyState, FailureState } from "../../design/EmptyState";
import { buttonClass } from "../../design/Button";
import { useText } from "../../i18n/messages";

/** What a page shows that broke: the error boundary of every route. */
export function FailedPage({ error }: { error: unknown }) {
  // A fresh start also brings the release that a missing file belongs to.
  return (
    <main>
      <h1 className="visually-hidden">Roost</h1>
      <FailureState error={error} onRetry={() => location.reload()} />
    </main>
  );
}

/** What an address without a page shows. */
export function MissingPage() {
  const text = useText();
  return (
    <main>
      <h1 className="visually-hidden">Roost</h1>
      <EmptyState title={text("shell.missing_title")}>
        <p>{text("shell.missing_text")}</p>
        <Link to="/" className={buttonClass({ variant: "secondary" })}>
          {text("shell.home")}
        </Link>
      </EmptyState>
    </main>
  );
}
