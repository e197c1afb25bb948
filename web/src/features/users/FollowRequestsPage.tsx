import { UserRoundPlus } from "lucide-react";

import { EmptyState } from "../../design/EmptyState";
import { useText } from "../../i18n/messages";
import { SignInRequired } from "../sessions/SignInRequired";
import { useMe } from "../sessions/useSession";
import { PageHeader } from "../shell/PageHeader";
import { RequestButtons } from "./RequestButtons";
import { UserList } from "./UserList";
import { followRequestsList } from "./queries";

/** Who asks to follow the user. */
export function FollowRequestsPage() {
  const text = useText();
  const me = useMe();
  const title = text("users.requests");
  return (
    <>
      <PageHeader title={title} back />
      <SignInRequired>
        <UserList
          label={title}
          list={followRequestsList()}
          actions={(user) => <RequestButtons user={user} />}
          empty={
            <EmptyState icon={<UserRoundPlus size={32} />} title={text("users.requests_empty")}>
              <p>{text(me?.protected === false ? "users.requests_open_text" : "users.requests_empty_text")}</p>
            </EmptyState>
          }
        />
      </SignInRequired>
    </>
  );
}
