import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { User } from "../../api/client";
import { Text } from "../../i18n/messages";
import { useShortNumber } from "../../i18n/times";
import styles from "./FollowCounts.module.css";

interface FollowCountsProps {
  user: User;
  /** Whether the counts lead to the lists. */
  linked?: boolean;
}

/** How many users somebody follows, and how many follow them. */
export function FollowCounts({ user, linked = false }: FollowCountsProps) {
  const number = useShortNumber();
  const count = (kind: "following" | "followers"): ReactNode => {
    const value = user[`${kind}_count`];
    const words = (
      <Text
        id={`users.${kind}_count`}
        values={{ count: value, number: <strong key="number">{number(value)}</strong> }}
      />
    );
    if (!linked) return <span>{words}</span>;
    return (
      <Link to={`/@{$handle}/${kind}`} params={{ handle: user.handle }}>
        {words}
      </Link>
    );
  };
  return (
    <p className={styles.counts}>
      {count("following")}
      {count("followers")}
    </p>
  );
}
