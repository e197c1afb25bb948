-- Counts cover what everyone may see. Each like, repost, reply and quote has a mark: it is open if
-- it is engagement, or a public post, of an account that is not protected. A quote in a reply is not
-- open, because the limits of the reply may hide it.
--
-- New columns with a constant default rewrite no table.

-- migrate:up

ALTER TABLE likes ADD COLUMN open boolean NOT NULL DEFAULT true;
ALTER TABLE reposts ADD COLUMN open boolean NOT NULL DEFAULT true;
ALTER TABLE replies ADD COLUMN open boolean NOT NULL DEFAULT true;
ALTER TABLE quotes ADD COLUMN open boolean NOT NULL DEFAULT true;

-- Which accounts are protected, as far as the marks follow it. Shard key: user_id. Accounts that were
-- never protected have no row. `update_time` is that of the profile, so that an older profile changes
-- nothing.
CREATE TABLE account_protections (
  user_id bigint PRIMARY KEY,
  protected boolean NOT NULL,
  update_time timestamptz NOT NULL,
  -- Whether all contributions of the account are marked accordingly.
  settled boolean NOT NULL DEFAULT false
);

-- migrate:down

DROP TABLE account_protections;
ALTER TABLE quotes DROP COLUMN open;
ALTER TABLE replies DROP COLUMN open;
ALTER TABLE reposts DROP COLUMN open;
ALTER TABLE likes DROP COLUMN open;
