-- Marks older replies and quotes as not open where the post is not public, and quotes in replies.
-- Reconciliation corrects the counts of the posts that they reply to and quote, because their
-- touch_time changes. The worker marks posts of protected accounts: only the User service has these.

-- migrate:up

UPDATE replies r SET open = false FROM posts p
  WHERE p.id = r.post_id AND p.visibility <> 1 AND r.open;
UPDATE quotes q SET open = false FROM posts p
  WHERE p.id = q.post_id AND (p.visibility <> 1 OR p.reply_to_post_id <> 0) AND q.open;
UPDATE post_states SET touch_time = now()
  WHERE id IN (
    SELECT reply_to_post_id FROM replies WHERE NOT open
    UNION SELECT quoted_post_id FROM quotes WHERE NOT open
  );

-- migrate:down

UPDATE quotes SET open = true WHERE NOT open;
UPDATE replies SET open = true WHERE NOT open;
